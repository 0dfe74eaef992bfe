import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { analysis, askedOf, bodyOf, boxOf, capabilitiesFor, choose, compute, entriesOf, factsOf, filtered, groupsOf, layersOf, plainText, shadedBy, unitOf, withAsset, wordOf } from './analysis'
import type { CapabilityInfo, Catalog, ParameterInfo, RunRecord, Unit } from './api'
import { language } from './i18n'
import { capabilities, catalog, page } from './store'

const UNITS: Record<string, Unit> = { diameter: { unit: 'mm', factor: 0.001, offset: 0 }, temperature: { unit: 'degC', factor: 1, offset: 273.15 }, ratio: { unit: '1', factor: 1, offset: 0 } }

function parameter(name: string, more: Partial<ParameterInfo> = {}): ParameterInfo {
  return { name, type: 'str', many: false, required: false, default: null, title: `the ${name}`, title_zh: `${name}项`, quantity: null, assets: [], kinds: false, choices: null, ...more }
}

const PIPE = parameter('pipe', { required: true, assets: ['water.pipe'] })
const STUCK = parameter('stuck', { many: true, assets: ['water.valve'] })
const HOLE = parameter('hole', { type: 'float', quantity: 'diameter', default: 0.01 })
const TOP = parameter('top', { type: 'int', default: 50 })
const COLD = parameter('outdoor', { type: 'float', quantity: 'temperature' })
const FEED = parameter('backfeed', { type: 'bool', default: true })
const ALL = [PIPE, STUCK, HOLE, TOP, COLD, FEED]

const capability = (name: string, title: string, title_zh: string, parameters: ParameterInfo[]): CapabilityInfo => ({ name, title, title_zh, about: `About: ${title}.`, about_zh: `关于${title_zh}。`, parameters })
const BREAK = capability('water.isolate_break', 'Isolate a broken pipe', '爆管关阀方案', ALL)
const REACH = capability('roads.reach_incident', 'Reach an incident', '应急到达', [parameter('at', { assets: ['*'] })])
const STORM = capability('drainage.simulate_storm', 'Simulate a storm', '暴雨排水模拟', [parameter('rain'), parameter('out', { many: true, assets: ['water.pipe'] })])

beforeEach(() => {
  const kind = { name: 'water.pipe', title: 'Water pipe', title_zh: '给水管道' }
  catalog.value = { kinds: [kind], quantities: UNITS, words: { lowest_pressure: '最低压力', emptied: '放空' }, units: { m3s: 'm³/s', m: 'm' } } as unknown as Catalog
  capabilities.value = [BREAK, REACH, STORM]
})

afterEach(() => {
  language.value = 'en'
  vi.unstubAllGlobals()
  Object.assign(analysis, { capability: '', run: '', entries: {}, busy: null, problem: null })
})

describe('the list', () => {
  it('is found by words of name, title and sentence in either language, all of them', () => {
    expect(filtered([BREAK, REACH, STORM], 'pipe ISOLATE').map((c) => c.name)).toEqual(['water.isolate_break'])
    expect(filtered([BREAK, REACH, STORM], '暴雨').map((c) => c.name)).toEqual(['drainage.simulate_storm'])
    expect(filtered([BREAK, REACH, STORM], '  ')).toHaveLength(3)
    expect(filtered([BREAK, REACH, STORM], 'pipe tide')).toEqual([])
  })

  it('offers for an asset what is about it: a parameter that must be given, or the first; what takes anything last', () => {
    expect(capabilitiesFor([REACH, BREAK, STORM], 'water.pipe').map((o) => [o.capability.name, o.parameter.name])).toEqual([['water.isolate_break', 'pipe'], ['roads.reach_incident', 'at']])
    expect(capabilitiesFor([BREAK, STORM], 'gas.pipe')).toEqual([])
  })
})

describe('the form', () => {
  it('shows defaults and what is given in display units, and sends SI', () => {
    const entries = entriesOf(ALL, { pipe: 'water.pipe:1', stuck: ['a', 'b'], outdoor: 264.15 }, UNITS)
    expect(entries).toEqual({ pipe: 'water.pipe:1', stuck: 'a\nb', hole: '10', top: '50', outdoor: '-9', backfeed: true })
    expect(bodyOf(ALL, entries, UNITS)).toEqual({ wrong: {}, body: { pipe: 'water.pipe:1', stuck: ['a', 'b'], hole: 0.01, top: 50, outdoor: 264.15, backfeed: true } })
  })

  it('leaves out what is empty and says what is missing or no number, at its parameter', () => {
    const entries = { pipe: ' ', stuck: '\n', hole: 'wide', top: '2.5', outdoor: '', backfeed: false }
    expect(bodyOf(ALL, entries, UNITS)).toEqual({ body: { backfeed: false }, wrong: { pipe: 'This is needed.', hole: 'Give a number.', top: 'Give a whole number.' } })
  })

  it('takes the asset of the map instead of one id, or below the others, once', () => {
    expect(withAsset(PIPE, 'water.pipe:1', 'water.pipe:2')).toBe('water.pipe:2')
    expect(withAsset(STUCK, 'a\n', 'b')).toBe('a\nb')
    expect(withAsset(STUCK, 'a\nb', 'b')).toBe('a\nb')
  })

  it('names units as people write them', () => {
    expect([HOLE, COLD, PIPE, parameter('share', { quantity: 'ratio' })].map(unitOf)).toEqual(['mm', '°C', '', ''])
  })

  it('opens with what the asset card or a kept run gives', () => {
    choose('water.isolate_break', { pipe: 'water.pipe:7' }, 'run-1')
    expect([page.tab, analysis.capability, analysis.run, analysis.entries.pipe]).toEqual(['analyses', 'water.isolate_break', 'run-1', 'water.pipe:7'])
  })
})

describe('computing', () => {
  const answer = (status: number, body: object) => vi.stubGlobal('fetch', vi.fn(() => Promise.resolve(new Response(JSON.stringify(body), { status }))))

  it('shows the run that the server kept', async () => {
    answer(200, { run: 'run-2' })
    choose('water.isolate_break')
    await compute('water.isolate_break', { pipe: 'x' })
    const [path, init] = vi.mocked(fetch).mock.calls[0]!
    expect([path, init?.method, init?.body]).toEqual(['api/run/water.isolate_break', 'POST', '{"pipe":"x"}'])
    expect([analysis.run, analysis.busy, analysis.problem]).toEqual(['run-2', null, null])
  })

  it('puts what is refused at its field with what to do, and elsewhere when no field is named', async () => {
    choose('water.isolate_break')
    answer(404, { detail: "'x' is no pipe", fix: 'Check the id', field: 'pipe' })
    await compute('water.isolate_break', { pipe: 'x' })
    expect(analysis.problem).toEqual({ capability: 'water.isolate_break', field: 'pipe', message: "'x' is no pipe. Check the id." })
    answer(503, { detail: 'no engine', field: 'drainage' })
    await compute('water.isolate_break', { pipe: 'x' })
    expect(analysis.problem).toEqual({ capability: 'water.isolate_break', field: '', message: 'no engine.' })
    expect([analysis.busy, analysis.run]).toEqual([null, ''])
  })

  it('leaves alone what was opened meanwhile', async () => {
    answer(200, { run: 'run-3' })
    choose('roads.reach_incident', {}, 'older')
    await compute('water.isolate_break', { pipe: 'x' })
    expect(analysis.run).toBe('older')
  })
})

describe('the answer', () => {
  it('names columns with their units, in both languages as far as they are known', () => {
    expect(['lowest_pressure_m', 'demand_lost_m3s', 'water.pipe'].map(wordOf)).toEqual(['lowest pressure [m]', 'demand lost [m³/s]', 'Water pipe'])
    language.value = 'zh'
    expect(['lowest_pressure_m', 'demand_lost_m3s', 'water.pipe'].map(wordOf)).toEqual(['最低压力 [m]', 'demand lost [m³/s]', '给水管道'])
    expect([plainText('emptied'), plainText(true), plainText(null), plainText('F13')]).toEqual(['放空', '是', '–', 'F13'])
  })

  it('has facts of a summary, nested ones by both names, and tables where it holds rows', () => {
    const { facts, tables } = factsOf({ valves_to_close: 3, outlets: ['a', 'b'], none: null, findings: { error: 0 }, customers: { 'water.pipe': 2 }, kinds: { x: { assets: 1 }, y: { assets: 2 } }, steps: [{ n: 1 }] })
    expect(facts).toEqual([{ label: 'valves to close', values: [3] }, { label: 'outlets', values: ['a', 'b'] }, { label: 'customers · Water pipe', values: [2] }])
    expect(tables).toEqual({ kinds: [{ name: 'x', assets: 1 }, { name: 'y', assets: 2 }], steps: [{ n: 1 }] })
  })

  it('puts on the map what its own maps show first, then every table that names assets', () => {
    const run = {
      figures: [{ title: '', title_zh: '', table: 'pipes', kind: 'map', colour: 'state' }, { title: '', title_zh: '', table: 'hours', kind: 'line', colour: '' }],
      tables: { findings: { rows: 1, columns: ['id'] }, hours: { rows: 2, columns: ['hour', 'flow'] }, nodes: { rows: 1, columns: ['id', 'people', 'x'] }, pipes: { rows: 3, columns: ['id', 'state'] }, empty: { rows: 0, columns: ['id'] } },
    }
    const layers = layersOf(run, (table) => (table === 'nodes' ? [{ id: 'n', people: 3, x: 1 }] : []))
    expect(layers).toEqual([{ table: 'pipes', column: 'state' }, { table: 'nodes', column: '' }, { table: 'nodes', column: 'people' }, { table: 'pipes', column: '' }])
  })

  it('groups by words, not by numbers and not by too many of them, and finds the box around', () => {
    const feature = (state: string | number, coordinates: number[][]): GeoJSON.Feature => ({ type: 'Feature', geometry: { type: 'LineString', coordinates }, properties: { state } })
    const two = [feature('emptied', [[1, 5], [2, 6]]), feature('cut off', [[0, 7], [1, 8]])]
    expect(groupsOf(two, 'state')).toEqual(['cut off', 'emptied'])
    expect(groupsOf(two, '')).toEqual([''])
    expect(groupsOf([feature(3, [[0, 0]])], 'state')).toBeNull()
    expect(groupsOf(Array.from({ length: 9 }, (_, i) => feature(`s${i}`, [[0, 0]])), 'state')).toEqual([''])
    expect(boxOf(two)).toEqual([0, 5, 2, 8])
    expect(boxOf([])).toBeNull()
  })

  it('shades from zero, or from the lowest where all are far from zero', () => {
    const features = (...values: (number | null)[]): GeoJSON.Feature[] => values.map((v) => ({ type: 'Feature', geometry: { type: 'Point', coordinates: [0, 0] }, properties: { v } }))
    const shades = (...values: (number | null)[]) => {
      const { low, top, features: found } = shadedBy(features(...values), 'v')
      return [low, top, found.map((f) => f.properties!.shade)]
    }
    expect(shades(0, 5, 10, null)).toEqual([0, 10, [0, 0.5, 1, 0]])
    expect(shades(30, 35, 40)).toEqual([30, 40, [0.05, 0.5, 1]])
    expect(shades(7, 7)).toEqual([0, 7, [1, 1]])
    expect(shades(0, 0)).toEqual([0, 0, [0, 0]])
  })

  it('says of a kept run what was asked otherwise than by itself', () => {
    const run = { capability: 'water.isolate_break', parameters: { pipe: 'water.pipe:1', stuck: null, hole: 0.02, top: 50, backfeed: false } } as unknown as RunRecord
    expect(askedOf(run)).toBe('the pipe: water.pipe:1; the hole: 20 mm; the backfeed: no')
  })
})
