/** What the tables of a rehearsed disaster mean: from rows as the server sends them to what a reader asks. */
import type { Row, RunRecord, Scalar } from './api'
import type { Series } from './chart'
import { about, count, duration, percent } from './format'
import { t, tOr } from './i18n'

/** most: half of the people or more; many: a tenth or more; some: fewer; rare: nobody in half of the cases. */
export type Extent = 'most' | 'many' | 'some' | 'rare'

/** Who is without a service at one hour, and how long it lasts. Quantiles over the cases. */
export interface Loss {
  service: string
  /** people who use it */
  users: number
  low: number
  mid: number
  high: number
  extent: Extent
  /** hours until nine tenths have it again, in the middle case and in one of twenty; Infinity: not within the time looked at */
  back: number
  late: number
}

export interface Headline {
  hour: number
  losses: Loss[]
}

const HEADLINE_HOUR = 24

function value(row: Row | undefined, name: string): number {
  const found = row?.[name]
  return typeof found === 'number' && Number.isFinite(found) ? found : 0
}

/** Hours until a service is back; null in the table is not within the time looked at. */
function hoursUntil(row: Row | undefined, name: string): number {
  return row?.[name] === null ? Infinity : value(row, name)
}

export function horizonOf(curves: Row[]): number {
  return Math.max(0, ...curves.map((row) => value(row, 'hour')))
}

function extentOf(mid: number, users: number): Extent {
  if (mid <= 0) return 'rare'
  const share = mid / Math.max(1, users)
  return share >= 0.5 ? 'most' : share >= 0.1 ? 'many' : 'some'
}

/** The answer in short: who lacks what at the hour looked at that is nearest to 24, the most people first. */
export function headline(impact: Row[], curves: Row[]): Headline {
  const hours = [...new Set(curves.map((row) => value(row, 'hour')))]
  const hour = hours.toSorted((a, b) => Math.abs(a - HEADLINE_HOUR) - Math.abs(b - HEADLINE_HOUR))[0] ?? 0
  const users = new Map(impact.map((row) => [row.service, row]))
  const losses = curves
    .filter((row) => row.hour === hour && value(row, 'p95') > 0)
    .map((row) => {
      const about = users.get(row.service ?? null)
      const mid = value(row, 'p50')
      return {
        service: String(row.service),
        users: value(about, 'people'),
        low: value(row, 'p5'),
        mid,
        high: value(row, 'p95'),
        extent: extentOf(mid, value(about, 'people')),
        back: hoursUntil(about, 'restored_p50'),
        late: hoursUntil(about, 'restored_p95'),
      }
    })
  return { hour, losses: losses.sort((a, b) => b.mid - a.mid || b.high - a.high) }
}

/** The first asset in the order of repairs of each team: they work at the same time. */
export function firstRepairs(order: Row[]): Row[] {
  const seen = new Set<Scalar>()
  return order.filter((row) => !seen.has(row.team ?? null) && seen.add(row.team ?? null))
}

interface Restoration {
  cases: number[]
  weighted_person_hours: number
  lower_bound: number
  bound_proven: boolean
  likely_bound: number
}

const SAME = 1e-6 // share of what is lost within which bound and order count as equal
/** A bound is rounded down, the share that could still be saved is rounded up. */
const below = (bound: number) => count(bound >= 100 ? Math.floor(bound) : Math.floor(bound * 100) / 100)
const most = (lost: number, bound: number) => percent(Math.max(0, Math.ceil(((lost - bound) / lost) * 1000 - 1e-6)) / 1000)

/** How much better than the order found any other could be, and whether that is proven; nothing where no order was searched. */
export function boundTexts(summary: Record<string, unknown>): string[] {
  const found = summary.restoration as Partial<Restoration> | undefined
  if (found?.lower_bound === undefined) return []
  const { cases, weighted_person_hours: lost, lower_bound: bound, bound_proven: proven, likely_bound: likely } = found as Restoration
  const said = { lost: about(lost), bound: below(bound), share: most(lost, bound), n: count(cases.length) }
  const first = !proven ? 'bound.unproven' : bound <= 0 ? 'bound.none' : bound >= lost * (1 - SAME) ? 'bound.best' : 'bound.proven'
  const texts = [t(first, said)]
  if (likely > bound + SAME * lost) texts.push(t(likely > lost * (1 + SAME) ? 'bound.broken' : 'bound.likely', { bound: below(likely), share: most(lost, likely) }))
  return texts
}

/** Curves as lines of the chart: services that anybody may lose, in the order of the headline, the rest behind. */
export function seriesOf(curves: Row[]): Series[] {
  const found = grouped(curves, (row) => String(row.service)).map(([name, rows]) => ({
    name,
    points: rows.map((row) => ({ x: value(row, 'hour'), low: value(row, 'p5'), mid: value(row, 'p50'), high: value(row, 'p95') })),
  }))
  const order = headline([], curves).losses.map((loss) => loss.service)
  const place = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length)
  return found.filter((s) => s.points.some((p) => p.high > 0)).sort((a, b) => place(a.name) - place(b.name))
}

/** The same curves as a table: one row an hour, one column a service. */
export function pivot(curves: Row[]): Row[] {
  const rows = new Map<number, Row>()
  for (const { name, points } of seriesOf(curves)) {
    for (const p of points) {
      if (!rows.has(p.x)) rows.set(p.x, { hour: p.x })
      Object.assign(rows.get(p.x)!, { [`${name}_p50`]: p.mid, [`${name}_p5`]: p.low, [`${name}_p95`]: p.high })
    }
  }
  return [...rows.values()].sort((a, b) => value(a, 'hour') - value(b, 'hour'))
}

/** A column as it is shown; a value with its spread over the cases is one. */
export interface Column {
  name: string
  mid: string
  low?: string
  high?: string
}

/** Joins the columns x_mean, x_p5, x_p50, x_p95 into one column x: the mean where there is one, else the median, and the spread. */
export function columnsOf(names: string[]): Column[] {
  const found = new Map<string, Column>()
  for (const name of names) {
    const [, stem, part] = /^(.*)_(mean|p5|p50|p95)$/.exec(name) ?? [name, name, 'mid']
    const column = found.get(stem!) ?? { name: stem!, mid: '' }
    if (part === 'p5') column.low = name
    else if (part === 'p95') column.high = name
    else if (part !== 'p50' || !column.mid) column.mid = name
    found.set(stem!, column)
  }
  return [...found.values()]
}

const SHARES = new Set(['resilience', 'probability', 'fails'])

/** One value of a column as people read it. */
export function cellText(column: string, given: Scalar | undefined): string {
  if (given === null || given === undefined || given === '') return '–'
  if (typeof given !== 'number') return String(given)
  if (column === 'hour' || column === 'done_hour' || column === 'hours_without') return duration(given)
  return SHARES.has(column) || hoursOf([column]).length ? percent(given) : about(given)
}

/** A value with its spread in brackets. */
export function spanText(column: Column, row: Row): string {
  const [mid, low, high] = [column.mid, column.low, column.high].map((name) => (name ? cellText(column.name, row[name]) : ''))
  return !low || !high || (high === mid && low === mid) ? mid! : `${mid} (${t('rehearse.range', { low, high })})`
}

/** Hours until something is back, as a span of time. */
export function until(hours: number, horizon: number): string {
  return hours === Infinity ? t('rehearse.later', { time: duration(horizon) }) : duration(hours)
}

/** The columns of the hours of a grid among those of a table: "h24" is after 24 hours. */
export function hoursOf(columns: string[]): { name: string; hour: number }[] {
  return columns.flatMap((name) => (/^h\d+(\.\d+)?$/.test(name) ? [{ name, hour: Number(name.slice(1)) }] : []))
}

/** Cases that a run was asked for and does not have: it was cancelled. */
export function missing(run: RunRecord): number {
  const cases = run.summary.cases as { total?: number } | undefined
  const asked = Number(run.parameters.samples)
  return Number.isFinite(asked) && cases?.total !== undefined ? Math.max(0, asked - cases.total) : 0
}

export interface Difference {
  service: string
  /** people without at the hour, median; person-hours lost, mean; hours until nine tenths have it again, median */
  without: [number, number]
  hours: [number, number]
  back: [number, number]
}

interface Tables {
  impact: Row[]
  curves: Row[]
}

/** Two runs by service, those that one of them takes from somebody; the most person-hours of the first run first. */
export function compared(a: Tables, b: Tables, hour: number): Difference[] {
  const sides = [a, b] as const
  const services = [...new Set(sides.flatMap((side) => side.impact.map((row) => String(row.service))))]
  const both = (of: (side: Tables) => number): [number, number] => [of(a), of(b)]
  const impactOf = (side: Tables, service: string) => side.impact.find((row) => row.service === service)
  return services
    .map((service) => ({
      service,
      without: both((side) => value(side.curves.find((row) => row.service === service && row.hour === hour), 'p50')),
      hours: both((side) => value(impactOf(side, service), 'person_hours')),
      back: both((side) => hoursUntil(impactOf(side, service), 'restored_p50')),
    }))
    .filter((row) => row.hours.some((h) => h > 0) || row.without.some((n) => n > 0))
    .sort((x, y) => y.hours[0] - x.hours[0])
}

/** What two runs come to as a whole, as far as both say it. */
export function totals(a: RunRecord, b: RunRecord): { name: 'failed' | 'direct' | 'indirect' | 'resilience' | 'objective'; values: [number, number] }[] {
  type Spread = { mean?: number; p50?: number }
  type Whole = { components_failed?: Spread; losses?: { direct_CNY?: Spread; indirect_CNY?: Spread | Record<string, Spread> }; resilience?: Spread; restoration?: { weighted_person_hours?: number } }
  const read = (run: RunRecord) => {
    const whole = run.summary as Whole
    const indirect = whole.losses?.indirect_CNY as Spread | undefined
    return { failed: whole.components_failed?.p50, direct: whole.losses?.direct_CNY?.mean, indirect: indirect?.mean, resilience: whole.resilience?.p50, objective: whole.restoration?.weighted_person_hours }
  }
  const [x, y] = [read(a), read(b)]
  return (['failed', 'direct', 'indirect', 'resilience', 'objective'] as const).flatMap((name) => {
    const values = [x[name], y[name]]
    return typeof values[0] === 'number' && typeof values[1] === 'number' ? [{ name, values: values as [number, number] }] : []
  })
}

/** The name of a preset in words; a scenario from a file has its own title. */
export function scenarioTitle(name: unknown, title: unknown): string {
  return tOr(`preset.${String(name)}`, String(title || name))
}

/** The impact table without what the headline says already. */
export function details(impact: Row[]): Row[] {
  return impact.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !/^(at_|restored_)/.test(name))))
}

/** True where each row of a ranking stands for something of its own, such as a component taken out; labels of models repeat. */
export function ranksComponents(ranking: Row[]): boolean {
  return new Set(ranking.map((row) => row.taken_out)).size === ranking.length
}

/** Items by what they have in common, in the order in which each group begins. */
export function grouped<T>(items: T[], key: (item: T) => string): [string, T[]][] {
  const found = new Map<string, T[]>()
  for (const item of items) {
    const group = found.get(key(item))
    if (group) group.push(item)
    else found.set(key(item), [item])
  }
  return [...found]
}
