/** Lets tables move the map without knowing it. */
export const mapLink: { focus(lon: number, lat: number): void; heat(points: GeoJSON.FeatureCollection | null): void } = { focus: () => undefined, heat: () => undefined }

declare global {
  interface Window {
    /** for tests: true when everything asked for is drawn */
    __ready?: () => boolean
    __pick?: (x: number, y: number) => string | null
    __project?: (lon: number, lat: number) => [number, number]
    __goto?: (lon: number, lat: number) => void
  }
}
