import { describe, expect, it } from 'vitest'
import type { KindInfo } from '../api'
import { darker, planLayers, specsOf } from './style'

function kind(name: string, geometry: string | null, more: Partial<KindInfo> = {}): KindInfo {
  return { name, domain: name.split('.')[0]!, trait: 'node', geometry, title: name, title_zh: name, colour: null, category: '', feature_code: '', network: null, shuts: false, provides: [], needs: [], fields: [], ...more }
}

const kinds = [
  kind('gas.junction', 'Point'),
  kind('gas.pipe', 'LineString', { colour: [255, 0, 255], feature_code: '53031000' }),
  kind('roads.street', 'LineString'),
  kind('base.zone', 'Polygon'),
  kind('buildings.building', 'Polygon', { fields: [{ name: 'height', title: '', title_zh: '', type: 'number', unit: 'm', factor: 1, offset: 0, dictionary: null, codes: null }] }),
  kind('gas.station', 'Point', { provides: ['gas'] }),
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

  it('that cover the city hide nothing unless asked for, except coded ground', () => {
    const code = { name: 'code', title: '', title_zh: '', type: 'code', unit: '', factor: 1, offset: 0, dictionary: 'gb50137.land_use', codes: { R2: { title: '', title_zh: '' }, X: { title: '', title_zh: '' } } }
    const ground = planLayers([kind('base.zone', 'Polygon'), kind('base.land', 'Polygon', { fields: [code] }), kind('a.river', 'Polygon')], { 'base.zone': 4, 'base.land': 9, 'a.river': 1 }, { 'base.zone': 1, 'base.land': 1, 'a.river': 0.1 })
    expect(ground.map((plan) => [plan.kind.name, plan.visible])).toEqual([['base.land', true], ['base.zone', false], ['a.river', true]])
    const fill = specsOf(ground[0]!, false)[0]!.paint as Record<string, unknown>
    expect(fill['fill-color']).toEqual(['match', ['get', 'code'], 'R2', '#f3ead0', 'X', 'rgb(197, 203, 209)', 'rgb(197, 203, 209)'])
  })

  it('have unique names', () => {
    const ids = plans.flatMap((plan) => specsOf(plan, false)).map((spec) => spec.id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('darken towards black', () => {
    expect(darker([200, 100, 0], 0.5)).toEqual([100, 50, 0])
  })
})
