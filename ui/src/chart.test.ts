import { describe, expect, it } from 'vitest'
import { BOX, hourMarks, niceTop, scaleX, scaleY, styleOf, trace } from './chart'

const HOURS = [0, 1, 2, 4, 8, 12, 24, 48, 72, 120, 168, 240, 336, 504, 720]

describe('the vertical axis', () => {
  it('ends at a round number that is not much more than the highest value', () => {
    expect([0, 1, 2, 3, 10, 11, 10325, 9_999, 61_000, 1_000_000].map(niceTop)).toEqual([2, 2, 2, 3, 10, 12, 12_000, 10_000, 80_000, 1_000_000])
    for (let value = 3; value < 1e7; value = Math.ceil(value * 1.07)) {
      expect(niceTop(value)).toBeGreaterThanOrEqual(value)
      expect(niceTop(value)).toBeLessThanOrEqual(value * 1.34)
    }
  })

  it('has zero at the bottom and the top at the top', () => {
    expect(scaleY(0, 12_000)).toBe(BOX.height - BOX.bottom)
    expect(scaleY(12_000, 12_000)).toBe(BOX.top)
    expect(scaleY(6_000, 12_000)).toBe((BOX.height - BOX.bottom + BOX.top) / 2)
  })
})

describe('the axis of hours', () => {
  it('spans the whole width and gives the first day more room than its share', () => {
    expect(scaleX(0, 720)).toBe(BOX.left)
    expect(scaleX(720, 720)).toBe(BOX.width - BOX.right)
    expect((scaleX(24, 720) - BOX.left) / (BOX.width - BOX.left - BOX.right)).toBeCloseTo(Math.sqrt(24 / 720))
  })

  it('survives a look at one moment only', () => {
    expect(scaleX(0, 0)).toBe(BOX.left)
    expect(hourMarks([0])).toEqual([0])
    expect(hourMarks([])).toEqual([0])
  })

  it('labels hours that people say, never two on top of each other, and always the last', () => {
    for (const last of [24, 72, 300, 720]) {
      const hours = [...HOURS.filter((h) => h < last), last]
      const marks = hourMarks(hours)
      expect(marks.at(-1)).toBe(last)
      expect(marks.every((h) => hours.includes(h))).toBe(true)
      const places = marks.map((h) => scaleX(h, last))
      expect(places.slice(1).every((x, i) => x - places[i]! >= 34)).toBe(true)
    }
    expect(hourMarks(HOURS)).toContain(24)
  })
})

describe('lines', () => {
  it('are told apart by colour and dash together', () => {
    const styles = Array.from({ length: 28 }, (_, i) => styleOf(i))
    expect(new Set(styles.map((s) => `${s.colour} ${s.dash}`)).size).toBe(28)
    for (let i = 1; i < styles.length; i++) {
      expect(styles[i]!.colour).not.toBe(styles[i - 1]!.colour)
      expect(styles[i]!.dash).not.toBe(styles[i - 1]!.dash)
    }
  })

  it('follow the median, and the band goes out along the high and back along the low', () => {
    const points = [
      { x: 0, low: 0, mid: 5, high: 10 },
      { x: 100, low: 2, mid: 4, high: 6 },
    ]
    const drawn = trace({ name: 'water', points }, 0, 10, 100)
    expect(drawn.line).toBe(`52.0,${scaleY(5, 10).toFixed(1)} 378.0,${scaleY(4, 10).toFixed(1)}`)
    expect(drawn.band.split(' ')).toEqual([
      `52.0,${scaleY(10, 10).toFixed(1)}`,
      `378.0,${scaleY(6, 10).toFixed(1)}`,
      `378.0,${scaleY(2, 10).toFixed(1)}`,
      `52.0,${scaleY(0, 10).toFixed(1)}`,
    ])
  })
})
