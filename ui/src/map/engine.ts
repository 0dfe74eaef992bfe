/** The map itself: layers filled by bounding box, picking, focus. Plain TypeScript; the page talks to it through calls. */
import * as maplibregl from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import 'maplibre-gl/dist/maplibre-gl.css'
import { api, type Bounds, type LayerData } from '../api'
import { contains, middle, widened } from './boxes'
import { iconOf } from './icons'
import { heatLayers, MARK_LAYERS, specsOf, zoneLayers, type LayerPlan } from './style'

// MapLibre's worker is a file of its own; without this the map stays blank.
maplibregl.setWorkerUrl(workerUrl)

export interface LayerStatus {
  returned: number
  matched: number
}

export interface MapEvents {
  onPick(id: string): void
  onStatus(kind: string, status: LayerStatus | null): void
  onBusy(pending: number): void
}

const EMPTY: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] }
const CHOSEN = 'chosen'
const HEAT = 'heat'
const ZONES = 'zones'
const MARKS = 'marks'
const UNTOUCHED = new Set([CHOSEN, ZONES]) // nothing of these can be picked
const ON_TOP = ['veil', 'zones/fill', 'zones/edge', 'heat/line', 'heat/point', 'marks/casing', 'marks/line', 'marks/point', 'marks/line-center', 'chosen/fill', 'chosen/line', 'chosen/point']

interface Loaded {
  bounds: Bounds
  complete: boolean
}

export class CityMap {
  private readonly map: maplibregl.Map
  private readonly loaded = new Map<string, Loaded>()
  private readonly running = new Map<string, AbortController>()
  private plans: LayerPlan[] = []
  private raise = false
  private readonly shown = { [HEAT]: false, [ZONES]: false, [MARKS]: false }
  private heatOf: [string, number] = ['value', 1]
  private zoneOf = 'value'
  private timer = 0
  readonly ready: Promise<void>

  constructor(
    container: HTMLElement,
    label: string,
    private readonly events: MapEvents,
  ) {
    this.map = new maplibregl.Map({
      container,
      style: { version: 8, sources: {}, layers: [{ id: 'paper', type: 'background', paint: { 'background-color': '#eef1f3' } }] },
      attributionControl: false,
      maxZoom: 21,
      fadeDuration: 0,
      dragRotate: true,
    })
    this.map.getCanvas().setAttribute('aria-label', label)
    this.map.addControl(new maplibregl.NavigationControl({ visualizePitch: true }), 'top-right')
    this.map.addControl(new maplibregl.ScaleControl({ maxWidth: 120 }), 'bottom-right')
    this.map.on('moveend', () => this.schedule())
    this.map.on('click', (event) => this.pick(event.point))
    this.map.on('mousemove', (event) => {
      this.map.getCanvas().style.cursor = this.hit(event.point) ? 'pointer' : ''
    })
    this.ready = new Promise((resolve) => this.map.once('load', () => resolve()))
  }

  /** Puts all layers on the map in drawing order; their data follow as they come into view. */
  setPlans(plans: LayerPlan[]): void {
    this.plans = plans
    for (const plan of plans) this.map.addSource(plan.kind.name, { type: 'geojson', data: EMPTY, tolerance: 0.2 })
    for (const name of [HEAT, ZONES, MARKS]) this.map.addSource(name, { type: 'geojson', data: EMPTY })
    this.map.addSource(CHOSEN, { type: 'geojson', data: EMPTY })
    this.drawLayers()
  }

  /** Keeps the middle of the view clear of a panel that covers so many pixels at the left. */
  setRoom(left: number): void {
    const width = this.map.getContainer().clientWidth
    this.map.setPadding({ top: 0, bottom: 0, right: 0, left: left < width / 2 ? left : 0 })
  }

  fit(bounds: Bounds): void {
    this.map.fitBounds(bounds, { padding: 30, duration: 0, maxZoom: 18 })
    this.schedule()
  }

  focus(lon: number, lat: number): void {
    this.map.jumpTo({ center: [lon, lat], zoom: Math.max(this.map.getZoom(), 17) })
  }

  setVisible(kind: string, visible: boolean): void {
    const plan = this.plans.find((p) => p.kind.name === kind)
    if (!plan) return
    plan.visible = visible
    for (const spec of specsOf(plan, this.raise)) this.map.setLayoutProperty(spec.id, 'visibility', visible ? 'visible' : 'none')
    this.schedule()
  }

  setRaised(raise: boolean): void {
    for (const plan of this.plans) for (const spec of specsOf(plan, this.raise)) this.map.removeLayer(spec.id)
    for (const id of ON_TOP) this.map.removeLayer(id)
    this.raise = raise
    this.drawLayers()
    this.map.jumpTo({ pitch: raise ? 50 : 0, bearing: raise ? -18 : 0 })
  }

  /** Marks one asset, with a ring around its middle so that a small one is found, and moves there if it is out of view; null takes the mark away. */
  choose(geometry: GeoJSON.Geometry | null): void {
    const centre = geometry && (middle(geometry) as [number, number])
    if (centre && !this.map.getBounds().contains(centre)) this.map.jumpTo({ center: centre })
    const parts: GeoJSON.Geometry[] = geometry === null ? [] : geometry.type === 'Point' ? [geometry] : [geometry, { type: 'Point', coordinates: middle(geometry) }]
    this.source(CHOSEN).setData({ type: 'FeatureCollection', features: parts.map((part) => ({ type: 'Feature', geometry: part, properties: {} })) })
  }

  /** See `MapLink.heat`. */
  heat(features: GeoJSON.FeatureCollection | null, key = 'value', top = 1): void {
    this.show(HEAT, features)
    this.reheat(key, top)
  }

  /** See `MapLink.reheat`: only the paint changes, the data stay. */
  reheat(key: string, top: number): void {
    this.heatOf = [key, top]
    this.repaint(heatLayers(key, top))
  }

  /** See `MapLink.zones`. */
  zones(features: GeoJSON.FeatureCollection | null, key = 'value'): void {
    this.zoneOf = key
    this.show(ZONES, features)
    this.repaint(zoneLayers(key))
  }

  /** See `MapLink.marks`. */
  marks(features: GeoJSON.FeatureCollection | null): void {
    for (const name of new Set(features?.features.map((f) => String(f.properties?.icon)))) {
      const icon = this.map.hasImage(name) ? null : iconOf(name)
      if (icon) this.map.addImage(name, icon.data, { pixelRatio: icon.pixelRatio })
    }
    this.show(MARKS, features && { ...features, features: features.features.map((f, place) => ({ ...f, properties: { ...f.properties, place } })) })
  }

  /** For tests: how many marks are drawn, by their picture. */
  drawnMarks(): Record<string, number> {
    const found = this.map.queryRenderedFeatures({ layers: ['marks/point', 'marks/line-center'] })
    const ids = new Map(found.map((f) => [String(f.properties.id), String(f.properties.icon)]))
    const counts: Record<string, number> = {}
    for (const icon of ids.values()) counts[icon] = (counts[icon] ?? 0) + 1
    return counts
  }

  private show(name: typeof HEAT | typeof ZONES | typeof MARKS, features: GeoJSON.FeatureCollection | null): void {
    this.source(name).setData(features ?? EMPTY)
    this.shown[name] = !!features?.features.length
    this.map.setLayoutProperty('veil', 'visibility', this.veiled() ? 'visible' : 'none')
  }

  private veiled(): boolean {
    return Object.values(this.shown).some(Boolean)
  }

  private repaint(specs: { id: string; filter?: unknown; paint?: object; layout?: object }[]): void {
    for (const spec of specs) {
      if (spec.filter) this.map.setFilter(spec.id, spec.filter as maplibregl.FilterSpecification)
      for (const [name, value] of Object.entries(spec.paint ?? {})) this.map.setPaintProperty(spec.id, name as never, value as never)
      for (const [name, value] of Object.entries(spec.layout ?? {})) this.map.setLayoutProperty(spec.id, name as never, value as never)
    }
  }

  /** True when nothing is being fetched and everything fetched is drawn. */
  settled(): boolean {
    return this.timer === 0 && this.running.size === 0 && this.map.areTilesLoaded()
  }

  resize(): void {
    this.map.resize()
  }

  project(lon: number, lat: number): [number, number] {
    const point = this.map.project([lon, lat])
    return [point.x, point.y]
  }

  pickAt(x: number, y: number): string | null {
    return this.hit(new maplibregl.Point(x, y))
  }

  private drawLayers(): void {
    for (const plan of this.plans) {
      for (const spec of specsOf(plan, this.raise)) {
        this.map.addLayer({ ...spec, layout: { ...spec.layout, visibility: plan.visible ? 'visible' : 'none' } } as typeof spec)
      }
    }
    // the veil pales everything else, so that small marks are enough and buildings stay visible
    this.map.addLayer({ id: 'veil', type: 'background', layout: { visibility: this.veiled() ? 'visible' : 'none' }, paint: { 'background-color': '#ffffff', 'background-opacity': 0.5 } })
    for (const spec of zoneLayers(this.zoneOf)) this.map.addLayer({ ...spec, source: ZONES } as maplibregl.LayerSpecification)
    for (const spec of heatLayers(...this.heatOf)) this.map.addLayer({ ...spec, source: HEAT } as maplibregl.LayerSpecification)
    for (const spec of MARK_LAYERS) this.map.addLayer({ ...spec, source: MARKS } as maplibregl.LayerSpecification)
    this.map.addLayer({ id: 'chosen/fill', source: CHOSEN, type: 'fill', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': '#ffb300', 'fill-opacity': 0.45 } })
    this.map.addLayer({ id: 'chosen/line', source: CHOSEN, type: 'line', layout: { 'line-cap': 'round' }, filter: ['!=', ['geometry-type'], 'Point'], paint: { 'line-color': '#ff6f00', 'line-width': 5 } })
    this.map.addLayer({ id: 'chosen/point', source: CHOSEN, type: 'circle', filter: ['==', ['geometry-type'], 'Point'], paint: { 'circle-radius': 14, 'circle-color': 'rgba(255,179,0,0.25)', 'circle-stroke-color': '#ff6f00', 'circle-stroke-width': 3 } })
  }

  private source(name: string): maplibregl.GeoJSONSource {
    return this.map.getSource(name) as maplibregl.GeoJSONSource
  }

  private schedule(): void {
    window.clearTimeout(this.timer)
    this.timer = window.setTimeout(() => {
      this.timer = 0
      this.load()
    }, 150)
  }

  /** Asks for every visible layer whose data do not cover the view yet; a newer request replaces an older one. */
  private load(): void {
    const b = this.map.getBounds()
    const view: Bounds = [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()]
    for (const plan of this.plans) {
      const kind = plan.kind.name
      if (!plan.visible || this.map.getZoom() < plan.minZoom) {
        this.events.onStatus(kind, null)
        continue
      }
      const have = this.loaded.get(kind)
      if (have?.complete && contains(have.bounds, view)) continue
      this.running.get(kind)?.abort()
      const control = new AbortController()
      this.running.set(kind, control)
      this.events.onBusy(this.running.size)
      void this.fetchLayer(plan, widened(view), control)
    }
  }

  private async fetchLayer(plan: LayerPlan, bounds: Bounds, control: AbortController): Promise<void> {
    const kind = plan.kind.name
    try {
      const data: LayerData = await api.layer(kind, bounds, plan.limit, plan.columns, control.signal)
      if (control.signal.aborted) return
      this.source(kind).setData(data)
      this.loaded.set(kind, { bounds, complete: data.numberReturned === data.numberMatched })
      this.events.onStatus(kind, { returned: data.numberReturned, matched: data.numberMatched })
    } catch (error) {
      if (!control.signal.aborted) throw error
    } finally {
      if (this.running.get(kind) === control) this.running.delete(kind)
      this.events.onBusy(this.running.size)
    }
  }

  /** The id of what is drawn topmost within a few pixels of a point; areas only when nothing else is near. */
  private hit(point: maplibregl.Point): string | null {
    const near = this.map.queryRenderedFeatures([
      [point.x - 4, point.y - 4],
      [point.x + 4, point.y + 4],
    ])
    const known = near.filter((f) => !UNTOUCHED.has(f.source) && typeof f.properties.id === 'string')
    const best = known.find((f) => f.layer.type !== 'fill' && f.layer.type !== 'fill-extrusion') ?? known[0]
    return best ? (best.properties.id as string) : null
  }

  private pick(point: maplibregl.Point): void {
    const id = this.hit(point)
    if (id) this.events.onPick(id)
  }
}
