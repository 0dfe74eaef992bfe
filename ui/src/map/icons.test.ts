import { describe, expect, it } from 'vitest'
import { rankIcon, STATES, teamLook } from './icons'

describe('pictures of states', () => {
  it('differ in shape, sign and colour, each for itself', () => {
    for (const part of ['shape', 'sign', 'colour'] as const) {
      const all = Object.values(STATES).map((look) => look[part])
      expect(new Set(all).size, part).toBe(all.length)
    }
  })

  it('are dark enough for white signs', () => {
    const light = (hex: string) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    for (const look of [...Object.values(STATES), ...Array.from({ length: 8 }, (_, i) => teamLook(i))]) {
      const [r, g, b] = light(look.colour)
      expect(1.05 / (0.2126 * r! + 0.7152 * g! + 0.0722 * b! + 0.05), look.colour).toBeGreaterThan(4.5)
    }
  })
})

it('no two of sixteen teams look alike', () => {
  const looks = Array.from({ length: 16 }, (_, i) => `${teamLook(i).colour} ${teamLook(i).shape}`)
  expect(new Set(looks).size).toBe(16)
  expect(rankIcon(2, 17)).toBe('rank/2/17')
})
