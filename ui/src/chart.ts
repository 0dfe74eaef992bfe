/** Scales and paths of the chart of people without service: numbers in, SVG coordinates out. */

export interface Point {
  /** hours after the event */
  x: number
  low: number
  mid: number
  high: number
}

export interface Series {
  name: string
  points: Point[]
}

/** A drawn series: attributes of SVG elements. */
export interface Trace {
  name: string
  colour: string
  dash: string
  line: string
  band: string
}

export const BOX = { width: 400, height: 212, left: 52, right: 22, top: 20, bottom: 36 }
const COLOURS = ['#1f5fa8', '#c2571a', '#2d7d46', '#8b3a8f', '#6b6b6b', '#b8912b', '#0f8b8d', '#a8324a']
const DASHES = ['', '7 3', '2 3', '8 3 2 3']
const LABELLED = [0, 4, 24, 72, 168, 336, 720, 1440, 2160, 4380, 8760]
const APART = 34 // units between two labels of the axis

/** The smallest of 1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8 times a power of ten that is at least the value; at least 2. */
export function niceTop(value: number): number {
  if (!(value > 2)) return 2 // people come whole: the middle of the axis too
  const power = 10 ** Math.floor(Math.log10(value))
  return power * ([1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8].find((step) => step * power >= value) ?? 10)
}

/** Hours are far apart at the end: the axis follows the square root, so that the first day is readable. */
export function scaleX(hour: number, last: number): number {
  return BOX.left + Math.sqrt(Math.max(0, hour) / Math.max(1, last)) * (BOX.width - BOX.left - BOX.right)
}

export function scaleY(value: number, top: number): number {
  return BOX.top + (1 - value / top) * (BOX.height - BOX.top - BOX.bottom)
}

/** Hours that get a label: round ones among those looked at, and the last, as far as they do not touch. */
export function hourMarks(hours: number[]): number[] {
  const last = hours.at(-1) ?? 0
  const kept: number[] = []
  for (const hour of [last, ...hours.filter((h) => LABELLED.includes(h)).toReversed()]) {
    if (kept.every((other) => Math.abs(scaleX(other, last) - scaleX(hour, last)) >= APART)) kept.push(hour)
  }
  return kept.toReversed()
}

/** Colour and dash of the n-th series: no two of 28 are alike, and neighbours differ in both. */
export function styleOf(index: number): { colour: string; dash: string } {
  return { colour: COLOURS[index % COLOURS.length]!, dash: DASHES[(index + Math.floor(index / COLOURS.length)) % DASHES.length]! }
}

export function trace(series: Series, index: number, top: number, last: number): Trace {
  const at = (x: number, y: number) => `${scaleX(x, last).toFixed(1)},${scaleY(y, top).toFixed(1)}`
  return {
    name: series.name,
    ...styleOf(index),
    line: series.points.map((p) => at(p.x, p.mid)).join(' '),
    band: [...series.points.map((p) => at(p.x, p.high)), ...series.points.toReversed().map((p) => at(p.x, p.low))].join(' '),
  }
}
