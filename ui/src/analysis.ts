/** Analyses: what is chosen and running, which every visit to the panel finds again, and what a form and an answer mean. */
import { reactive } from 'vue'
import { api, ProblemError, type CapabilityInfo, type FigureInfo, type ParameterInfo, type Row, type RunHeld, type RunRecord, type Scalar, type Unit } from './api'
import { about } from './format'
import { language, t, titleOf } from './i18n'
import { capabilities, catalog, fail, kinds, page, summary } from './store'

/** What stands in a form: text as typed, lists with one entry a line. */
export type Entries = Record<string, string | boolean>

/** Why something was not computed; field: the parameter at fault, empty where it is none. */
export interface Problem {
  capability: string
  field: string
  message: string
}

export const analysis = reactive({
  /** the capability whose form is open, empty for the list */
  capability: '',
  /** the run whose answer is shown below it */
  run: '',
  entries: {} as Entries,
  /** what is being computed, since when [ms] */
  busy: null as { capability: string; since: number } | null,
  problem: null as Problem | null,
})

export const capabilityOf = (name: string): CapabilityInfo | undefined => capabilities.value.find((c) => c.name === name)
export const domainOf = (name: string): string => name.split('.')[0]!
export const aboutOf = (c: CapabilityInfo): string => titleOf({ title: c.about, title_zh: c.about_zh })

/** Opens the form of a capability, with what its parameters are by themselves and what is given. */
export function choose(name: string, given: Record<string, unknown> = {}, run = ''): void {
  const found = capabilityOf(name)
  if (!found) return
  analysis.capability = name
  analysis.run = run
  analysis.problem = null
  analysis.entries = entriesOf(found.parameters, given, catalog.value?.quantities ?? {})
  page.tab = 'analyses'
}

/** Computes it and shows the answer, unless something else was opened meanwhile; what is refused is said at the form. */
export async function compute(capability: string, body: Record<string, unknown>): Promise<void> {
  analysis.busy = { capability, since: Date.now() }
  analysis.problem = null
  try {
    const { run } = await api.run(capability, body)
    if (analysis.capability === capability) analysis.run = run
    if (domainOf(capability) === 'base') void api.summary().then((found) => (summary.value = found), fail) // a check counts the findings anew
  } catch (error) {
    const field = error instanceof ProblemError ? String(error.about.field ?? '') : ''
    const known = capabilityOf(capability)?.parameters.some((p) => p.name === field)
    analysis.problem = { capability, field: known ? field : '', message: error instanceof Error ? error.message : String(error) }
  } finally {
    analysis.busy = null
  }
}

/** Those whose name, title or sentence in either language has every word typed. */
export function filtered(list: CapabilityInfo[], text: string): CapabilityInfo[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return list.filter((c) => {
    const hay = [c.name, c.title, c.title_zh, c.about, c.about_zh].join(' ').toLowerCase()
    return words.every((word) => hay.includes(word))
  })
}

export const fits = (parameter: ParameterInfo, kind: string): boolean => parameter.assets.includes('*') || parameter.assets.includes(kind)

/** Capabilities about an asset of a kind, with the parameter that takes it: one that must be given, or the first. Those that take any kind come last. */
export function capabilitiesFor(list: CapabilityInfo[], kind: string): { capability: CapabilityInfo; parameter: ParameterInfo }[] {
  const found = list.flatMap((capability) => {
    const parameter = capability.parameters.find((p, index) => (p.required || index === 0) && fits(p, kind))
    return parameter ? [{ capability, parameter }] : []
  })
  return found.sort((a, b) => Number(a.parameter.assets.includes('*')) - Number(b.parameter.assets.includes('*')))
}

const plain = (value: number) => String(Number(value.toPrecision(12))) // without the noise of the conversion

function entryOf(p: ParameterInfo, value: unknown, units: Record<string, Unit>): string | boolean {
  if (p.type === 'bool') return value === true
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.map(String).join('\n')
  const unit = p.quantity ? units[p.quantity] : undefined
  return typeof value === 'number' && unit ? plain((value - unit.offset) / unit.factor) : String(value)
}

/** The form's content: numbers in display units, empty where nothing is given. */
export function entriesOf(parameters: ParameterInfo[], given: Record<string, unknown>, units: Record<string, Unit>): Entries {
  return Object.fromEntries(parameters.map((p) => [p.name, entryOf(p, p.name in given ? given[p.name] : p.default, units)]))
}

export const lines = (text: string): string[] => text.split('\n').map((line) => line.trim()).filter(Boolean)

/** What to send, numbers in SI, what is left empty left out; or what is wrong by parameter. */
export function bodyOf(parameters: ParameterInfo[], entries: Entries, units: Record<string, Unit>): { body: Record<string, unknown>; wrong: Record<string, string> } {
  const body: Record<string, unknown> = {}
  const wrong: Record<string, string> = {}
  for (const p of parameters) {
    const entry = entries[p.name]
    if (p.type === 'bool') {
      body[p.name] = entry === true
      continue
    }
    const given = p.many ? lines(String(entry ?? '')) : [String(entry ?? '').trim()].filter(Boolean)
    if (!given.length) {
      if (p.required) wrong[p.name] = t('analysis.needed')
      continue
    }
    const unit = p.quantity ? units[p.quantity] : undefined
    const values = p.type === 'str' ? given : given.map((text) => Number(plain(Number(text) * (unit?.factor ?? 1) + (unit?.offset ?? 0))))
    if (values.some((v) => typeof v === 'number' && !Number.isFinite(v))) wrong[p.name] = t('analysis.number')
    else if (p.type === 'int' && values.some((v) => !Number.isInteger(v))) wrong[p.name] = t('analysis.whole')
    else body[p.name] = p.many ? values : values[0]
  }
  return { body, wrong }
}

/** An asset's id put into the entry of a parameter: instead of what stands there, or below it. */
export function withAsset(p: ParameterInfo, entry: string, id: string): string {
  return p.many ? [...new Set([...lines(entry), id])].join('\n') : id
}

/** A name of a column, a table or a part of a summary as words, its unit in brackets. */
export function wordOf(key: string): string {
  const kind = kinds.value.get(key)
  if (kind) return titleOf(kind)
  const words = catalog.value?.words ?? {}
  if (language.value === 'zh' && words[key]) return words[key]
  const units = catalog.value?.units ?? {}
  const unit = Object.keys(units).find((ending) => key.endsWith(`_${ending}`) && key.length > ending.length + 1)
  const stem = unit ? key.slice(0, -unit.length - 1) : key
  const name = (language.value === 'zh' && words[stem]) || stem.replaceAll('_', ' ')
  return unit ? `${name} [${units[unit]}]` : name
}

/** One plain value as people read it. */
export function plainText(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–'
  if (typeof value === 'boolean') return t(value ? 'answer.yes' : 'answer.no')
  if (typeof value === 'number') return about(value)
  const text = String(value)
  return kinds.value.has(text) || (language.value === 'zh' && catalog.value?.words[text]) ? wordOf(text) : text
}

const isPlain = (value: unknown): value is Scalar => value === null || typeof value !== 'object'

export interface Fact {
  label: string
  /** ids open their asset */
  values: Scalar[]
}

/** A summary as a list of facts: what is nested one level is named by both names; tables in it come as tables; deeper parts are in the report. */
export function factsOf(summary: Record<string, unknown>): { facts: Fact[]; tables: Record<string, Row[]> } {
  const facts: Fact[] = []
  const tables: Record<string, Row[]> = {}
  const add = (label: string, value: unknown) => {
    if (isPlain(value)) {
      if (value !== null && value !== '') facts.push({ label, values: [value] })
    } else if (Array.isArray(value) && value.length && value.every(isPlain)) facts.push({ label, values: value })
  }
  for (const [key, value] of Object.entries(summary)) {
    if (key === 'findings' || key === 'engine_seconds') continue
    if (Array.isArray(value) && value.length && value.every((v) => !isPlain(v) && Object.values(v as object).every(isPlain))) tables[key] = value as Row[]
    else if (isPlain(value) || Array.isArray(value)) add(wordOf(key), value)
    else {
      const inner = Object.entries(value as Record<string, unknown>)
      if (inner.length && inner.every(([, v]) => !isPlain(v) && !Array.isArray(v) && Object.values(v as object).every(isPlain))) tables[key] = inner.map(([name, v]) => ({ name, ...(v as Row) }))
      else for (const [name, v] of inner) add(`${wordOf(key)} · ${wordOf(name)}`, v)
    }
  }
  return { facts, tables }
}

/** What was asked, as far as it was said, in display units: for lists of runs. */
export function askedOf(run: RunRecord): string {
  const units = catalog.value?.quantities ?? {}
  const parameters = capabilityOf(run.capability)?.parameters ?? []
  const said = parameters.filter((p) => p.name in run.parameters && JSON.stringify(run.parameters[p.name]) !== JSON.stringify(p.default) && run.parameters[p.name] !== null)
  return said.map((p) => `${titleOf(p)}: ${p.type === 'bool' ? plainText(run.parameters[p.name]) : [lines(String(entryOf(p, run.parameters[p.name], units))).join(', '), unitOf(p)].filter(Boolean).join(' ')}`).join('; ')
}

/** The unit in which a parameter is typed, empty for none. */
export function unitOf(p: ParameterInfo): string {
  const unit = p.quantity ? (catalog.value?.quantities[p.quantity]?.unit ?? '') : ''
  return unit === '1' ? '' : unit === 'degC' ? '°C' : unit
}

/** Something of an answer that can be put on the map: the rows of a table that name assets, alike or by a column. */
export interface Layer {
  table: string
  /** empty: all alike */
  column: string
}

/** What can be shown on the map, what the answer's own maps show first. */
export function layersOf(run: Pick<RunHeld, 'tables' | 'figures'>, sample: (table: string) => Row[]): Layer[] {
  const found: Layer[] = run.figures.filter((f: FigureInfo) => f.kind === 'map' && run.tables[f.table]?.columns.includes('id')).map((f) => ({ table: f.table, column: f.colour }))
  for (const [table, { rows, columns }] of Object.entries(run.tables)) {
    if (!rows || !columns.includes('id') || table === 'findings' || columns.includes('hour')) continue
    const numbers = columns.filter((c) => !['x', 'y', 'rank'].includes(c) && sample(table).some((row) => typeof row[c] === 'number'))
    for (const column of ['', ...numbers]) if (!found.some((l) => l.table === table && l.column === column)) found.push({ table, column })
  }
  return found
}

const MOST_GROUPS = 8
const FAINTEST = 0.05 // what has no shade has no mark

/** The features in groups by a column of few words, each group with its number; null where the column is no such. */
export function groupsOf(features: GeoJSON.Feature[], column: string): string[] | null {
  if (!column) return ['']
  const values = features.map((f) => f.properties?.[column] as Scalar | undefined)
  if (values.some((v) => typeof v === 'number')) return null
  const names = [...new Set(values.map((v) => String(v ?? '')))]
  return names.length <= MOST_GROUPS ? names.sort() : ['']
}

/** The features shaded by a column from `low` to `top`: from zero, or from the lowest where all are far from zero, so that they differ. */
export function shadedBy(features: GeoJSON.Feature[], column: string): { low: number; top: number; features: GeoJSON.Feature[] } {
  const values = features.map((f) => Number(f.properties?.[column] ?? NaN)).filter(Number.isFinite)
  const [least, top] = [Math.min(...values), Math.max(0, ...values)]
  const low = least > top / 2 && least < top ? least : 0
  const shade = (value: unknown) => (typeof value !== 'number' || top <= low ? 0 : low ? Math.max(FAINTEST, (value - low) / (top - low)) : value / top)
  return { low, top, features: features.map((f) => ({ ...f, properties: { ...f.properties, shade: shade(f.properties?.[column]) } })) }
}

/** The smallest box around all features, null without any. */
export function boxOf(features: GeoJSON.Feature[]): [number, number, number, number] | null {
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity]
  const take = (at: unknown): void => {
    const list = at as unknown[]
    if (typeof list[0] === 'number') {
      const [x, y] = list as [number, number]
      box.splice(0, 4, Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y))
    } else list.forEach(take)
  }
  for (const f of features) if (f.geometry && 'coordinates' in f.geometry) take(f.geometry.coordinates)
  return box[0] <= box[2] ? box : null
}
