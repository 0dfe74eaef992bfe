/** Lets tables move the map without knowing it. */
export interface MapLink {
  focus(lon: number, lat: number): void
  /** shows a box: west, south, east, north */
  fit(bounds: [number, number, number, number]): void
  /** marks assets by their property `key`, from 0 to `top`: the larger and darker, the higher; null takes the marks away */
  heat(features: GeoJSON.FeatureCollection | null, key?: string, top?: number): void
  /** the same features by another property */
  reheat(key: string, top: number): void
  /** tints areas by a property, from 0 to 1 */
  zones(features: GeoJSON.FeatureCollection | null, key?: string): void
  /** marks assets by the picture that their property `icon` names, the first on top */
  marks(features: GeoJSON.FeatureCollection | null): void
}

const nothing = () => undefined
export const mapLink: MapLink = { focus: nothing, fit: nothing, heat: nothing, reheat: nothing, zones: nothing, marks: nothing }

declare global {
  interface Window {
    /** for tests: true when everything asked for is drawn */
    __ready?: () => boolean
    __pick?: (x: number, y: number) => string | null
    __project?: (lon: number, lat: number) => [number, number]
    __goto?: (lon: number, lat: number) => void
    __marks?: () => Record<string, number>
  }
}
