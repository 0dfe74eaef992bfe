/** What the server answers, and the only place that asks it. */

export type Scalar = string | number | boolean | null
export type Severity = 'error' | 'warning' | 'info'
export type Bounds = [number, number, number, number]

export interface Place {
  crs_title: string
  georeferenced: boolean
  datum: string
  bounds: Bounds | null
  /** share of the city that each area layer covers */
  coverage: Record<string, number>
}

export interface UnmetNeed {
  kind: string
  service: string
  /** of the kind in the city */
  assets: number
  unmet: number
  /** assets in the city that could give the service */
  providers: number
}

export interface Summary {
  name: string
  crs: string
  assets: number
  kinds: Record<string, number>
  links: number
  findings: Record<Severity, number>
  findings_from: { run: string; time: string; stale: boolean } | null
  unmet_needs: UnmetNeed[]
  place: Place
}

export interface FieldInfo {
  name: string
  title: string
  title_zh: string
  type: string
  unit: string
  factor: number
  offset: number
  dictionary: string | null
  codes: Record<string, { title: string; title_zh: string }> | null
}

export interface KindInfo {
  name: string
  domain: string
  trait: string
  geometry: string | null
  title: string
  title_zh: string
  colour: [number, number, number] | null
  category: string
  feature_code: string
  network: string | null
  /** whether it stands on an edge and lets nothing through when closed */
  shuts: boolean
  provides: string[]
  needs: { service: string; backup_hours: number }[]
  fields: FieldInfo[]
}

export interface DomainInfo {
  name: string
  title: string
  title_zh: string
}

export interface RuleInfo {
  title: string
  title_zh: string
  fix: string
  source: string
}

export interface Catalog {
  domains: DomainInfo[]
  hazards: (DomainInfo & { parameters: ParameterInfo[] })[]
  kinds: KindInfo[]
  rules: Record<string, RuleInfo>
  /** how each quantity is shown: (SI - offset) / factor */
  quantities: Record<string, Unit>
  /** Chinese of the names of columns and values in results */
  words: Record<string, string>
  /** last part of such a name, after an underscore -> unit */
  units: Record<string, string>
}

export interface Unit {
  unit: string
  factor: number
  offset: number
}

export interface Finding {
  kind: string | null
  column: string | null
  id: string | null
  rule: string
  severity: Severity
  message: string
  fix: string
  lon: number | null
  lat: number | null
}

export interface FindingList {
  assessed_at: string | null
  from: 'check' | 'import'
  check: string | null
  counts: Record<Severity, number>
  total: number
  findings: Finding[]
}

export interface Version {
  values: Record<string, Scalar>
  geometry: GeoJSON.Geometry | null
  valid_from: string
  valid_to: string | null
  recorded_at: string
  superseded_at: string | null
}

export interface History {
  id: string
  kind: string
  versions: Version[]
}

export interface Link {
  from_id: string
  to_id: string
  relation: string
  service: string | null
}

export interface LayerData extends GeoJSON.FeatureCollection {
  numberMatched: number
  numberReturned: number
}

export interface Preset {
  name: string
  title: string
  hazard: string
  parameters: Record<string, Scalar | Scalar[]>
  samples: number | null
}

/** A whole scenario, with the fields of a scenario file. */
export interface Definition {
  name: string
  title?: string
  hazard: string
  parameters: Record<string, unknown>
  [field: string]: unknown
}

/** What is asked of a scenario; null and missing fields leave it to the scenario. */
export interface Wish {
  samples?: number | null
  seed?: number | null
  crews?: Record<string, number> | null
  /** go on with what the same request left finished */
  resume?: boolean
}

export interface Job {
  name: string
  scenario: string
  status: 'running' | 'done' | 'cancelled' | 'failed'
  run: string
  error: { detail?: string; fix?: string } | null
  stopping: boolean
  asked: Wish
  definition: Definition
  stage: 'gather' | 'prepare' | 'cases' | 'order' | 'keep' | 'ended'
  /** cases computed, wanted, and of the former found from an earlier run */
  done: number
  total: number
  resumed: number
  /** computed cases by status */
  cases: Record<string, number>
  /** since the start, and until the cases are computed */
  seconds: number
  rest: number | null
  /** people without each service at that hour, over the cases so far */
  hour: number | null
  people: Record<string, { p5: number; p50: number; p95: number }>
}

/** One parameter of a capability; numbers in SI. */
export interface ParameterInfo {
  name: string
  type: 'str' | 'int' | 'float' | 'bool'
  /** a list of them */
  many: boolean
  required: boolean
  default: Scalar | Scalar[]
  title: string
  title_zh: string
  quantity: string | null
  /** kinds of the assets that it names by id, '*' for any */
  assets: string[]
  /** it names kinds */
  kinds: boolean
  /** the values to choose from, null: any */
  choices: { value: string; title: string; title_zh: string }[] | null
}

export interface CapabilityInfo {
  /** DOMAIN.VERB_NOUN */
  name: string
  title: string
  title_zh: string
  about: string
  about_zh: string
  parameters: ParameterInfo[]
}

export interface FigureInfo {
  title: string
  title_zh: string
  table: string
  kind: string
  /** on a map: the column that it shows */
  colour: string
}

/** A run with what it keeps. */
export interface RunHeld extends RunRecord {
  tables: Record<string, { rows: number; columns: string[] }>
  figures: FigureInfo[]
}

export interface RunRecord {
  id: string
  capability: string
  status: string
  started_at: string
  parameters: Record<string, unknown>
  summary: Record<string, unknown>
}

export type Row = Record<string, Scalar>

export interface Effect {
  overlay: string
  changes: { id: string; action: string; opening: number | null }[]
  assets: { id: string; kind: string }[]
  services: { id: string; service: string; before: number; level: number; people: number }[]
  /** SI; null where there is nothing to read */
  readings: { id: string; quantity: string; before: number | null; after: number | null }[]
  /** rows in all; the tables above may be cut off */
  counts: { assets: number; services: number; readings: number }
  people: Record<string, number>
  status: string
  engines: Record<string, Record<string, number>>
  seconds: number
}

/** The server answered that it will not, and why. about: what its problem document says besides. */
export class ProblemError extends Error {
  constructor(
    message: string,
    readonly about: Record<string, unknown> = {},
  ) {
    super(message)
  }
}

const json = (method: string, body?: unknown): RequestInit => ({ method, ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }) })

async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  const answer = await fetch(path, init)
  if (answer.ok) return (await answer.json()) as T
  const problem = ((await answer.json().catch(() => null)) ?? {}) as { detail?: string; fix?: string }
  throw new ProblemError([problem.detail ?? `${answer.status} ${answer.statusText}`, problem.fix].filter(Boolean).map((text) => text!.replace(/[^.!?]$/, '$&.')).join(' '), problem)
}

export const api = {
  summary: () => ask<Summary>('api/summary'),
  catalog: () => ask<Catalog>('api/catalog'),
  findings: (severity: Severity | 'all', limit: number) => ask<FindingList>(`api/findings?limit=${limit}${severity === 'all' ? '' : `&severity=${severity}`}`),
  capabilities: () => ask<CapabilityInfo[]>('api/capabilities'),
  run: (capability: string, parameters: Record<string, unknown> = {}) => ask<{ run: string }>(`api/run/${capability}`, json('POST', parameters)),
  scenarios: () => ask<{ presets: Preset[]; jobs: Job[] }>('api/scenarios'),
  startScenario: (name: string, wish: Wish) => ask<Job>(`api/scenarios/${encodeURIComponent(name)}`, json('POST', wish)),
  startDefined: (definition: Definition, resume = false) => ask<Job>(`api/scenarios${resume ? '?resume=true' : ''}`, json('POST', definition)),
  job: (name: string) => ask<Job>(`api/scenarios/jobs/${name}`),
  cancelJob: (name: string) => ask<Job>(`api/scenarios/jobs/${name}`, { method: 'DELETE' }),
  runs: (capability: string) => ask<RunRecord[]>(`api/runs?capability=${capability}&limit=20`),
  allRuns: () => ask<RunRecord[]>('api/runs?limit=500'),
  runRecord: (run: string) => ask<RunHeld>(`api/runs/${encodeURIComponent(run)}`),
  rows: (run: string, table: string, limit = 1000) => ask<{ numberMatched: number; rows: Row[] }>(`api/runs/${encodeURIComponent(run)}/tables/${table}?limit=${limit}`),
  /** rows of a table as points or as the shapes of their assets, the highest first */
  onMap: (way: 'points' | 'shapes', run: string, table: string, about: Record<string, string>) =>
    ask<LayerData>(`api/runs/${encodeURIComponent(run)}/${way}/${table}?${new URLSearchParams(about)}`),
  overlayMap: (overlay: string) => ask<LayerData>(`api/what-if/${overlay}/map`),
  openOverlay: (changes: { id: string; action: string }[]) => ask<Effect>('api/what-if', json('POST', changes)),
  change: (overlay: string, id: string, action: string) => ask<Effect>(`api/what-if/${overlay}/changes`, json('POST', [{ id, action }])),
  step: (overlay: string, step: 'undo' | 'redo' | 'reset') => ask<Effect>(`api/what-if/${overlay}/${step}`, { method: 'POST' }),
  history: (id: string) => ask<History>(`api/history/${encodeURIComponent(id)}`),
  links: (id: string) => ask<{ links: Link[] }>(`api/links/${encodeURIComponent(id)}`),
  layer: (kind: string, bounds: Bounds, limit: number, columns: string[], signal: AbortSignal) =>
    ask<LayerData>(`api/assets/${kind}?f=geojson&bbox=${bounds.map((v) => v.toFixed(6)).join(',')}&limit=${limit}${columns.length ? `&columns=${columns.join(',')}` : ''}`, { signal }),
}
