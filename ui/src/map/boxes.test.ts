import { describe, expect, it } from 'vitest'
import { contains, middle, widened } from './boxes'

describe('boxes', () => {
  it('are widened by a quarter on each side, within the world', () => {
    expect(widened([10, 20, 14, 24])).toEqual([9, 19, 15, 25])
    expect(widened([-179, -89, 179, 89])).toEqual([-180, -90, 180, 90])
  })

  it('contain what lies inside', () => {
    expect(contains([0, 0, 10, 10], [1, 1, 10, 10])).toBe(true)
    expect(contains([0, 0, 10, 10], [1, 1, 10.1, 10])).toBe(false)
  })

  it('have a middle for every kind of geometry', () => {
    expect(middle({ type: 'LineString', coordinates: [[0, 0], [4, 2]] })).toEqual([2, 1])
    expect(middle({ type: 'MultiPolygon', coordinates: [[[[0, 0], [2, 0], [2, 2], [0, 0]]], [[[8, 8], [10, 8], [10, 10], [8, 8]]]] })).toEqual([5, 5])
    expect(middle({ type: 'GeometryCollection', geometries: [{ type: 'Point', coordinates: [1, 1] }, { type: 'Point', coordinates: [3, 5] }] })).toEqual([2, 3])
  })
})
