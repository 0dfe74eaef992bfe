import type { Bounds } from '../api'

/** The middle of the box of a geometry. */
export function middle(geometry: GeoJSON.Geometry): [number, number] {
  const xs: number[] = []
  const ys: number[] = []
  const walk = (part: unknown): void => {
    if (!Array.isArray(part)) return
    if (typeof part[0] === 'number') {
      xs.push(part[0])
      ys.push(part[1] as number)
    } else part.forEach(walk)
  }
  walk(geometry.type === 'GeometryCollection' ? geometry.geometries.map((g) => ('coordinates' in g ? g.coordinates : [])) : geometry.coordinates)
  const half = (values: number[]) => (values.reduce((a, b) => Math.min(a, b), Infinity) + values.reduce((a, b) => Math.max(a, b), -Infinity)) / 2
  return [half(xs), half(ys)]
}

export function contains(outer: Bounds, inner: Bounds): boolean {
  return outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3]
}

/** The view and a quarter of its size on each side, so that small moves need no new request. */
export function widened([west, south, east, north]: Bounds): Bounds {
  const dx = (east - west) / 4
  const dy = (north - south) / 4
  return [Math.max(-180, west - dx), Math.max(-90, south - dy), Math.min(180, east + dx), Math.min(90, north + dy)]
}
