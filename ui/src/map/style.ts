/** How kinds are drawn. Everything follows from the declaration: trait, geometry and symbol; nothing knows a domain. */
import type { CircleLayerSpecification, ExpressionSpecification, FillExtrusionLayerSpecification, FillLayerSpecification, LineLayerSpecification, SymbolLayerSpecification } from 'maplibre-gl'
import type { FieldInfo, KindInfo } from '../api'
import { STATES } from './icons'
import { paletteOf, tint } from './palette'

export type Shape = 'area' | 'line' | 'point'
export type Rgb = [number, number, number]
export type LayerSpec = FillLayerSpecification | LineLayerSpecification | CircleLayerSpecification | FillExtrusionLayerSpecification

export interface LayerPlan {
  kind: KindInfo
  shape: Shape
  /** pipeline: coded by the survey standard; surface: other lines, drawn below */
  pipeline: boolean
  colour: Rgb
  /** data is fetched and drawn from this zoom on */
  minZoom: number
  /** so few that they are landmarks: seen from afar and drawn large */
  few: boolean
  limit: number
  visible: boolean
  /** has a height to raise it in the 3D view */
  raised: boolean
  /** the field whose code gives each area its tint */
  tinted: FieldInfo | undefined
  columns: string[]
}

const GREYS: Record<Shape, Rgb> = { area: [197, 203, 209], line: [176, 182, 188], point: [92, 104, 117] }

export function shapeOf(kind: KindInfo): Shape | null {
  if (kind.geometry === null) return null
  if (kind.geometry === 'Point') return 'point'
  return kind.geometry === 'LineString' ? 'line' : 'area'
}

/** What to draw and in which order: areas, surface lines, pipelines, points, facilities on top. */
export function planLayers(kinds: KindInfo[], counts: Record<string, number>, coverage: Record<string, number> = {}): LayerPlan[] {
  const plans: LayerPlan[] = []
  for (const kind of kinds) {
    const shape = shapeOf(kind)
    if (shape === null || !counts[kind.name]) continue
    const total = counts[kind.name] ?? 0
    const few = total <= 60 && kind.trait !== 'device' && kind.provides.length + kind.needs.length > 0
    const pipeline = shape === 'line' && kind.feature_code !== ''
    const raised = shape === 'area' && kind.fields.some((f) => f.name === 'height')
    const tinted = shape === 'area' ? kind.fields.find((f) => paletteOf(f.dictionary)) : undefined
    const hides = shape === 'area' && !raised && !tinted && (coverage[kind.name] ?? 0) > 0.5
    plans.push({
      kind,
      shape,
      pipeline,
      colour: kind.colour ?? GREYS[shape],
      minZoom: shape !== 'point' || few ? 0 : total <= 600 ? 15 : 16,
      few,
      limit: shape === 'point' ? 3000 : 6000,
      visible: !hides,
      raised,
      tinted,
      columns: [...(raised ? ['height'] : []), ...(tinted ? [tinted.name] : [])],
    })
  }
  return plans.sort((a, b) => rank(a) - rank(b))
}

function rank(plan: LayerPlan): number {
  if (plan.shape === 'area') return plan.raised ? 2 : plan.tinted ? 0 : 1
  if (plan.shape === 'line') return plan.pipeline ? 4 : 3
  return plan.few ? 6 : 5
}

export const css = ([r, g, b]: Rgb): string => `rgb(${r}, ${g}, ${b})`

/** A colour moved towards black (share > 0): for outlines around bright standard colours. */
export function darker([r, g, b]: Rgb, share: number): Rgb {
  const mix = (value: number) => Math.round(value * (1 - share))
  return [mix(r), mix(g), mix(b)]
}

const zoomed = (...stops: [number, number][]): ExpressionSpecification => ['interpolate', ['exponential', 1.5], ['zoom'], ...stops.flat()] as ExpressionSpecification

function fillOf(plan: LayerPlan): string | ExpressionSpecification {
  const palette = paletteOf(plan.tinted?.dictionary ?? null)
  const codes = Object.keys(plan.tinted?.codes ?? {})
  if (!palette || !plan.tinted || !codes.length) return css(plan.colour)
  const pairs = codes.flatMap((code) => [code, tint(palette, code) ?? css(plan.colour)])
  return ['match', ['get', plan.tinted.name], ...pairs, css(plan.colour)] as unknown as ExpressionSpecification
}

/** The map layers of one kind; all read the source named like the kind. */
export function specsOf(plan: LayerPlan, raise: boolean): LayerSpec[] {
  const source = plan.kind.name
  const base = { source, minzoom: plan.minZoom } as const
  const colour = css(plan.colour)
  if (plan.shape === 'area') {
    if (plan.raised && raise) {
      return [{ ...base, id: `${source}/raised`, type: 'fill-extrusion', paint: { 'fill-extrusion-color': colour, 'fill-extrusion-height': ['coalesce', ['get', 'height'], 3], 'fill-extrusion-opacity': 0.82 } }]
    }
    return [
      { ...base, id: `${source}/fill`, type: 'fill', paint: { 'fill-color': fillOf(plan), 'fill-opacity': plan.raised ? 0.75 : plan.tinted ? 1 : 0.45 } },
      { ...base, id: `${source}/edge`, type: 'line', paint: { 'line-color': plan.tinted ? '#ffffff' : css(darker(plan.colour, 0.35)), 'line-width': zoomed([12, 0.2], [17, 1]), 'line-opacity': 0.7 } },
    ]
  }
  if (plan.shape === 'line') {
    const layout = { 'line-cap': 'round', 'line-join': 'round' } as const
    if (!plan.pipeline) return [{ ...base, id: `${source}/line`, type: 'line', layout, paint: { 'line-color': colour, 'line-width': zoomed([11, 0.6], [14, 2.5], [17, 10], [20, 40]), 'line-opacity': 0.55 } }]
    return [
      { ...base, id: `${source}/casing`, type: 'line', layout, paint: { 'line-color': css(darker(plan.colour, 0.6)), 'line-width': zoomed([11, 1], [15, 2.6], [18, 6.5]), 'line-opacity': 0.6 } },
      { ...base, id: `${source}/line`, type: 'line', layout, paint: { 'line-color': colour, 'line-width': zoomed([11, 0.8], [15, 1.8], [18, 4.5]) } },
    ]
  }
  const size = plan.few ? zoomed([11, 2.5], [15, 5], [18, 8]) : zoomed([15, 1.8], [18, 4.5])
  return [{ ...base, id: `${source}/point`, type: 'circle', paint: { 'circle-color': colour, 'circle-radius': size, 'circle-stroke-color': plan.few ? '#1b2733' : css(darker(plan.colour, 0.6)), 'circle-stroke-width': plan.few ? 1.4 : 0.8 } }]
}

const share = (key: string, top: number): ExpressionSpecification => ['min', 1, ['/', ['coalesce', ['get', key], 0], Math.max(top, 1e-9)]] as unknown as ExpressionSpecification
const heatColour = (of: ExpressionSpecification): ExpressionSpecification => ['interpolate', ['linear'], of, 0, '#fcd225', 0.33, '#f2844b', 0.67, '#b12a90', 1, '#46039f'] as unknown as ExpressionSpecification

/** Marks of the property `key` on assets, from 0 to `top`. Size and colour both tell it; the legend is `.scale` of the page. Nothing is nothing: 0 has no mark. */
export function heatLayers(key: string, top: number): Omit<LineLayerSpecification | CircleLayerSpecification, 'source'>[] {
  const of = share(key, top)
  const some = (shape: string) => ['all', ['==', ['geometry-type'], shape], ['>', ['coalesce', ['get', key], 0], 0]] as unknown as ExpressionSpecification
  return [
    {
      id: 'heat/line',
      type: 'line',
      filter: some('LineString'),
      layout: { 'line-cap': 'round', 'line-sort-key': of },
      paint: { 'line-color': heatColour(of), 'line-width': ['interpolate', ['exponential', 1.4], ['zoom'], 11, ['+', 0.5, ['*', 2.5, of]], 15, ['+', 1, ['*', 6, of]], 19, ['+', 4, ['*', 12, of]]] },
    },
    {
      id: 'heat/point',
      type: 'circle',
      filter: some('Point'),
      layout: { 'circle-sort-key': of },
      paint: {
        'circle-radius': ['interpolate', ['exponential', 1.4], ['zoom'], 11, ['+', 0.8, ['*', 1.2, of]], 15, ['+', 1.5, ['*', 2.5, of]], 19, ['+', 4, ['*', 9, of]]],
        'circle-color': heatColour(of),
        'circle-stroke-color': '#ffffff',
        'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 13, 0.3, 17, 1.2],
      },
    },
  ] as unknown as Omit<LineLayerSpecification | CircleLayerSpecification, 'source'>[]
}

/** Areas tinted by the property `key`, a share of one. */
export function zoneLayers(key: string): Omit<FillLayerSpecification | LineLayerSpecification, 'source'>[] {
  return [
    { id: 'zones/fill', type: 'fill', paint: { 'fill-color': heatColour(share(key, 1)), 'fill-opacity': ['case', ['>', ['coalesce', ['get', key], 0], 0], 0.45, 0] } },
    { id: 'zones/edge', type: 'line', paint: { 'line-color': '#3b2a4a', 'line-width': 1, 'line-dasharray': [3, 2] } },
  ] as unknown as Omit<FillLayerSpecification | LineLayerSpecification, 'source'>[]
}

/** Of a line: its own colour, else that of its state. */
const markColour = ['coalesce', ['get', 'colour'], ['match', ['get', 'icon'], ...Object.entries(STATES).flatMap(([name, look]) => [name, look.colour]), '#555555']] as unknown as ExpressionSpecification

/** Pictures on assets, `icon` names them; a line has its own in its middle and the colour of its state. The first of the data lies on top. */
export const MARK_LAYERS = [
  {
    id: 'marks/casing',
    type: 'line',
    filter: ['==', ['geometry-type'], 'LineString'],
    layout: { 'line-cap': 'round' },
    paint: { 'line-color': '#ffffff', 'line-width': zoomed([11, 3], [15, 6], [19, 14]) },
  },
  {
    id: 'marks/line',
    type: 'line',
    filter: ['==', ['geometry-type'], 'LineString'],
    paint: { 'line-color': markColour, 'line-width': zoomed([11, 1.6], [15, 3.5], [19, 9]), 'line-dasharray': [2, 0.8] },
  },
  ...(['point', 'line-center'] as const).map((placement) => ({
    id: `marks/${placement}`,
    type: 'symbol',
    filter: ['==', ['geometry-type'], placement === 'point' ? 'Point' : 'LineString'],
    layout: {
      'symbol-placement': placement,
      'icon-image': ['get', 'icon'],
      'icon-size': ['interpolate', ['linear'], ['zoom'], 11, 0.35, 14, 0.6, 17, 1],
      'icon-allow-overlap': true,
      'icon-ignore-placement': true,
      'icon-rotation-alignment': 'viewport',
      'symbol-sort-key': ['-', 0, ['coalesce', ['get', 'place'], 0]],
    },
  })),
] as unknown as Omit<LineLayerSpecification | SymbolLayerSpecification, 'source'>[]
