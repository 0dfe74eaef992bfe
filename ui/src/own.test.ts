import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Catalog, ParameterInfo } from './api'
import { language } from './i18n'
import { ownName, titleOfScenario } from './own'
import { catalog } from './store'

const base = { many: false, required: false, quantity: null, assets: [], kinds: false, choices: null }
const parameters: ParameterInfo[] = [
  { ...base, name: 'magnitude', type: 'float', default: 6.5, title: 'magnitude', title_zh: '震级' },
  { ...base, name: 'depth', type: 'float', default: 10000, title: 'depth', title_zh: '深度', quantity: 'depth' },
  { ...base, name: 'mechanism', type: 'str', default: 'strike_slip', title: 'mechanism', title_zh: '机制', choices: [{ value: 'strike_slip', title: 'strike slip', title_zh: '走滑' }, { value: 'reverse', title: 'reverse', title_zh: '逆断' }] },
]

describe("titles of a reader's own scenarios", () => {
  beforeEach(() => {
    language.value = 'en'
    catalog.value = { hazards: [{ name: 'quake', title: 'Earthquake', title_zh: '地震', parameters }], quantities: { depth: { unit: 'km', factor: 1000, offset: 0 } } } as unknown as Catalog
  })

  afterEach(() => {
    language.value = 'en'
  })

  const own = { name: ownName('quake'), hazard: 'quake', parameters: { magnitude: 7, depth: 5000, mechanism: 'reverse' } }

  it('say what is otherwise than usual, in display units and the language of the reader', () => {
    expect(titleOfScenario(own, 'kept')).toBe('Earthquake: magnitude 7, depth 5 km, mechanism reverse')
    language.value = 'zh'
    expect(titleOfScenario(own, 'kept')).toBe('地震：震级 7，深度 5 km，机制 逆断')
  })

  it('leave out what is as usual, and leave other scenarios their names', () => {
    expect(titleOfScenario({ ...own, parameters: { magnitude: 6.5 } }, '')).toBe('Earthquake')
    expect(titleOfScenario({ ...own, name: 'north' }, 'Shallow earthquake')).toBe('Shallow earthquake')
    expect(titleOfScenario({ ...own, name: 'quake-m6.0' }, '')).toBe('Earthquake of magnitude 6.0')
  })
})
