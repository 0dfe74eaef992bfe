import { afterEach, describe, expect, it } from 'vitest'
import type { Row, RunRecord } from './api'
import { language } from './i18n'
import { boundTexts, cellText, columnsOf, compared, details, firstRepairs, grouped, headline, horizonOf, hoursOf, missing, pivot, ranksComponents, scenarioTitle, seriesOf, spanText, totals, until } from './scenario'

const curve = (service: string, hour: number, p5: number, p50: number, p95: number): Row => ({ service, hour, mean: p50, p5, p50, p95 })
const CURVES: Row[] = [
  ...[curve('water', 0, 0, 90, 100), curve('water', 24, 0, 20, 100), curve('water', 720, 0, 0, 10)],
  ...[curve('electricity', 0, 0, 60, 100), curve('electricity', 24, 10, 60, 100), curve('electricity', 720, 0, 0, 0)],
  ...[curve('telecom', 0, 0, 0, 0), curve('telecom', 24, 0, 0, 30), curve('telecom', 720, 0, 0, 0)],
  ...[curve('gas', 0, 0, 0, 40), curve('gas', 24, 0, 0, 0), curve('gas', 720, 0, 0, 0)],
  ...[curve('heat', 0, 0, 0, 0), curve('heat', 24, 0, 0, 0), curve('heat', 720, 0, 0, 0)],
]
const IMPACT: Row[] = [
  { service: 'water', people: 100, worst_p50: 90, at_24h: 20, restored_p50: null, restored_p95: null },
  { service: 'electricity', people: 100, worst_p50: 60, at_24h: 60, restored_p50: 72, restored_p95: null },
  { service: 'telecom', people: 100, worst_p50: 0, at_24h: 0, restored_p50: 0, restored_p95: 48 },
]

afterEach(() => (language.value = 'en'))

describe('the headline', () => {
  it('says who lacks what at 24 hours, the most people first, and until when', () => {
    const { hour, losses } = headline(IMPACT, CURVES)
    expect(hour).toBe(24)
    expect(losses.map((l) => [l.service, l.mid, l.extent])).toEqual([
      ['electricity', 60, 'most'],
      ['water', 20, 'many'],
      ['telecom', 0, 'rare'],
    ])
    expect(losses.map((l) => [l.back, l.late])).toEqual([
      [72, Infinity],
      [Infinity, Infinity],
      [0, 48],
    ])
  })

  it('takes the hour looked at that is nearest to 24, and is empty where nobody lacks anything', () => {
    expect(headline(IMPACT, CURVES.map((row) => ({ ...row, hour: row.hour === 24 ? 12 : row.hour ?? null }))).hour).toBe(12)
    expect(headline([], [])).toEqual({ hour: 0, losses: [] })
    expect(headline(IMPACT, [curve('water', 0, 0, 50, 90), curve('water', 24, 0, 0, 0)]).losses).toEqual([])
  })

  it('calls a few people few', () => {
    expect(headline([{ service: 'water', people: 1000 }], [curve('water', 24, 0, 20, 30)]).losses[0]!.extent).toBe('some')
  })

  it('names the first repair of each team in the order of their ranks', () => {
    const order = ['water', 'power', 'water', 'gas', 'power'].map((team, i) => ({ rank: i + 1, id: `${team}:${i}`, team }))
    expect(firstRepairs(order).map((row) => row.rank)).toEqual([1, 2, 4])
  })

  it('says "over" for what was not restored within the time looked at', () => {
    expect(until(Infinity, horizonOf(CURVES))).toBe('over 30 days')
    expect(until(72, 720)).toBe('3 days')
    expect(until(24, 720)).toBe('24 hrs')
  })
})

describe('the bound of the order of repairs', () => {
  const restoration = { cases: [3, 7, 9], weighted_person_hours: 12000.4, lower_bound: 9000.7, likely_bound: 9000.7, bound_proven: true }
  const said = (change: object) => boundTexts({ restoration: { ...restoration, ...change } })

  it('is called proven where it is, rounded so that it never promises too much', () => {
    expect(said({})).toEqual(['No order can lose less than 9,000 weighted person-hours (proven; mean of the 3 cases searched). The one found loses 12,000: the best possible would save at most 25% of that.'])
    expect(said({ lower_bound: 11999.9, likely_bound: 11999.9 })[0]).toContain('at most 0.1%')
    expect(said({ lower_bound: 12000.4, likely_bound: 12000.4 })[0]).toMatch(/less than the one found.*\(proven/)
    expect(said({ lower_bound: 0, likely_bound: 0 })[0]).toContain('not known')
    language.value = 'zh'
    expect(said({})[0]).toMatch(/^已证明.*9,000.*25%/)
  })

  it('is called not proven where it is not', () => {
    expect(said({ bound_proven: false })[0]).toMatch(/9,000.*not proven/)
    expect(said({ likely_bound: 11400.9 })[1]).toMatch(/11,400 \(not proven\).*5%/)
    expect(said({ likely_bound: 13000 })[1]).toContain('does not hold here')
    language.value = 'zh'
    expect(said({ bound_proven: false })[0]).toContain('未获证明')
  })

  it('is silent where no order was searched', () => {
    expect(boundTexts({})).toEqual([])
    expect(boundTexts({ restoration: { left_out: 'nothing is to mend' } })).toEqual([])
  })
})

describe('curves', () => {
  it('become lines of the services that anybody may lose, in the order of the headline', () => {
    expect(seriesOf(CURVES).map((s) => s.name)).toEqual(['electricity', 'water', 'telecom', 'gas'])
    expect(seriesOf(CURVES)[1]!.points[1]).toEqual({ x: 24, low: 0, mid: 20, high: 100 })
  })

  it('become a table by hour', () => {
    const rows = pivot(CURVES)
    expect(rows.map((row) => row.hour)).toEqual([0, 24, 720])
    expect(rows[1]).toMatchObject({ water_p5: 0, water_p50: 20, water_p95: 100, telecom_p95: 30 })
    expect(columnsOf(Object.keys(rows[0]!)).map((c) => c.name)).toEqual(['hour', 'electricity', 'water', 'telecom', 'gas'])
  })
})

describe('tables', () => {
  it('show a value and its spread as one column', () => {
    expect(columnsOf(['service', 'worst_p5', 'worst_p50', 'worst_p95', 'person_hours'])).toEqual([
      { name: 'service', mid: 'service' },
      { name: 'worst', mid: 'worst_p50', low: 'worst_p5', high: 'worst_p95' },
      { name: 'person_hours', mid: 'person_hours' },
    ])
    const [kind, failed] = columnsOf(['kind', 'failed_mean', 'failed_p5', 'failed_p50', 'failed_p95'])
    expect([kind!.mid, failed!.mid]).toEqual(['kind', 'failed_mean'])
    expect(spanText(failed!, { failed_mean: 8.8125, failed_p5: 2.5, failed_p50: 10, failed_p95: 11 })).toBe('8.81 (2.5 to 11)')
    expect(spanText(failed!, { failed_mean: 1, failed_p5: 1, failed_p50: 1, failed_p95: 1 })).toBe('1')
  })

  it('show numbers with the digits that matter, hours as time, shares as percentages, nothing as a dash', () => {
    expect(cellText('person_hours', 3076668.25)).toBe('3,076,668')
    expect(cellText('done_hour', 26.27)).toBe('26 hrs')
    expect(cellText('done_hour', 610.66)).toBe('25 days')
    expect(cellText('hour', 0)).toBe('0 hrs')
    expect(cellText('resilience', 0.58613)).toBe('58.6%')
    expect(cellText('done_hour', null)).toBe('–')
    language.value = 'zh'
    expect(cellText('done_hour', 70)).toBe('2.9天')
  })

  it('leave out of the impact what the headline says', () => {
    expect(Object.keys(details(IMPACT)[0]!)).toEqual(['service', 'people', 'worst_p50'])
  })

  it('rank components only where every row stands for another one', () => {
    expect(ranksComponents([{ taken_out: 'water.pipe:1' }, { taken_out: 'water.pipe:2' }])).toBe(true)
    expect(ranksComponents([{ taken_out: 'BSSA14' }, { taken_out: 'CY14' }, { taken_out: 'CY14' }])).toBe(false)
  })
})

describe('names of scenarios', () => {
  it('are said in the language of the page where they are known', () => {
    expect(scenarioTitle('north', 'Shallow earthquake')).toBe('Shallow earthquake')
    expect(scenarioTitle('north', '')).toBe('north')
    language.value = 'zh'
    expect(scenarioTitle('quake-m6.0', 'Earthquake m6.0')).toBe('6.0 级地震')
  })
})

describe('hours of a grid', () => {
  it('are found among the columns of a table, and their shares are percentages', () => {
    expect(hoursOf(['id', 'h0', 'h0.5', 'h24', 'hours_without', 'h2x'])).toEqual([
      { name: 'h0', hour: 0 },
      { name: 'h0.5', hour: 0.5 },
      { name: 'h24', hour: 24 },
    ])
    expect([cellText('h24', 0.25), cellText('fails', 0.5), cellText('hours_without', 60)]).toEqual(['25%', '50%', '2.5 days'])
  })
})

describe('two runs', () => {
  const runOf = (summary: Record<string, unknown>, parameters = {}): RunRecord => ({ id: 'r', capability: 'scenario', status: 'done', started_at: '', parameters, summary })

  it('are compared by service, the most person-hours of the first before the others', () => {
    const other = { impact: [{ service: 'water', people: 100, person_hours: 10, restored_p50: 24 }, { service: 'heat', people: 5, person_hours: 0, restored_p50: 0 }], curves: [curve('water', 24, 0, 5, 9)] }
    const first = { impact: IMPACT.map((row, i) => ({ ...row, person_hours: i })), curves: CURVES }
    const rows = compared(first, other, 24)
    expect(rows.map((row) => [row.service, row.without, row.hours])).toEqual([
      ['telecom', [0, 0], [2, 0]],
      ['electricity', [60, 0], [1, 0]],
      ['water', [20, 5], [0, 10]],
    ])
    expect(rows.at(-1)!.back).toEqual([Infinity, 24])
    expect(rows[1]!.back).toEqual([72, 0])
  })

  it('say as a whole what both of them say', () => {
    const a = runOf({ components_failed: { p50: 3 }, losses: { direct_CNY: { mean: 2e6 } }, resilience: { p50: 0.5 }, restoration: { weighted_person_hours: 7 } })
    const b = runOf({ components_failed: { p50: 1 }, losses: { direct_CNY: { mean: 1e6 } }, resilience: { p50: 0.75 } })
    expect(totals(a, b)).toEqual([{ name: 'failed', values: [3, 1] }, { name: 'direct', values: [2e6, 1e6] }, { name: 'resilience', values: [0.5, 0.75] }])
  })

  it('owe what they were cancelled before', () => {
    expect(missing(runOf({ cases: { total: 64 } }, { samples: 200 }))).toBe(136)
    expect(missing(runOf({ cases: { total: 200 } }, { samples: 200 }))).toBe(0)
    expect(missing(runOf({}, {}))).toBe(0)
  })
})

it('groups keep the order in which they begin', () => {
  expect(grouped([3, 1, 4, 1, 5], (n) => (n % 2 ? 'odd' : 'even'))).toEqual([
    ['odd', [3, 1, 1, 5]],
    ['even', [4]],
  ])
})
