import { describe, expect, it } from 'vitest'
import type { KindInfo } from '../api'
import { darker, planLayers, specsOf } from './style'

function kind(name: string, geometry: string | null, more: Partial<KindInfo> = {}): KindInfo {
  return { name, domain: name.split('.')[0]!, trait: 'node', geometry, title: name, title_zh: name, colour: null, category: '', feature_code: '', network: null, fields: [], ...more }
}

const kinds = [
  kind('gas.junction', 'Point'),
  kind('gas.pipe', 'LineString', { colour: [255, 0, 255], feature_code: '53031000' }),
  kind('roads.street', 'LineString'),
  kind('base.zone', 'Polygon'),
  kind('buildings.building', 'Polygon', { fields: [{ name: 'height', title: '', title_zh: '', type: 'number', unit: 'm', factor: 1, offset: 0, codes: null }] }),
  kind('gas.station', 'Point'),
  kind('water.pattern', null),
  kind('heat.pipe', 'LineString'),
]
const counts = { 'gas.junction': 9000, 'gas.pipe': 9000, 'roads.street': 300, 'base.zone': 4, 'buildings.building': 500, 'gas.station': 3, 'water.pattern': 5 }

describe('layers', () => {
  const plans = planLayers(kinds, counts)

  it('are drawn areas first, then streets, pipelines, points and landmarks', () => {
    expect(plans.map((plan) => plan.kind.name)).toEqual(['base.zone', 'buildings.building', 'roads.street', 'gas.pipe', 'gas.junction', 'gas.station'])
  })

  it('leave out what has no place or no assets', () => {
    expect(plans.some((plan) => plan.kind.name === 'water.pattern' || plan.kind.name === 'heat.pipe')).toBe(false)
  })

  it('show many points only from near, few from afar', () => {
    expect(plans.find((plan) => plan.kind.name === 'gas.junction')?.minZoom).toBeGreaterThan(14)
    expect(plans.find((plan) => plan.kind.name === 'gas.station')?.minZoom).toBe(0)
  })

  it('keep the standard colour of a pipeline', () => {
    const line = specsOf(plans.find((plan) => plan.kind.name === 'gas.pipe')!, false).find((spec) => spec.id === 'gas.pipe/line')
    expect(line?.paint).toMatchObject({ 'line-color': 'rgb(255, 0, 255)' })
  })

  it('raise only what has a height', () => {
    const types = (name: string) => specsOf(plans.find((plan) => plan.kind.name === name)!, true).map((spec) => spec.type)
    expect(types('buildings.building')).toEqual(['fill-extrusion'])
    expect(types('base.zone')).toEqual(['fill', 'line'])
  })

  it('have unique names', () => {
    const ids = plans.flatMap((plan) => specsOf(plan, false)).map((spec) => spec.id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('darken towards black', () => {
    expect(darker([200, 100, 0], 0.5)).toEqual([100, 50, 0])
  })
})
