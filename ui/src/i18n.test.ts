import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fill } from './i18n'
import { en } from './locales/en'
import { zh } from './locales/zh'

const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'locales' ? [] : sources(path)
    return /\.(vue|ts)$/.test(entry.name) && !entry.name.endsWith('.test.ts') ? [readFileSync(path, 'utf8')] : []
  })
}

describe('texts', () => {
  it('have the same keys in both languages', () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort())
  })

  it('take the same values in both languages', () => {
    for (const [key, text] of Object.entries(en)) expect(holes(zh[key as keyof typeof en]), key).toEqual(holes(text))
  })

  it('are all translated', () => {
    const same = Object.entries(en).filter(([key, text]) => zh[key as keyof typeof en] === text)
    expect(same.map(([key]) => key)).toEqual(['app.title'])
  })

  it('are all used, and none is missing', () => {
    const code = sources(join(import.meta.dirname)).join('\n')
    const whole = new Set([...code.matchAll(/['"`]([a-z]+\.[a-z0-9_.]+)['"`]/g)].map((match) => match[1]))
    const stems = [...code.matchAll(/`([a-z]+\.)\$\{/g)].map((match) => match[1]!)
    for (const stem of ['lifecycle.', 'secrecy.']) if (code.includes('`${name}.${value}`')) stems.push(stem)
    const unused = Object.keys(en).filter((key) => !whole.has(key) && !stems.some((stem) => key.startsWith(stem)))
    expect(unused).toEqual([])
  })

  it('are filled by name and leave unknown names alone', () => {
    expect(fill('{n} of {total}, {other}', { n: 1, total: '2' })).toBe('1 of 2, {other}')
  })
})
