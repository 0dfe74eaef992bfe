import { afterEach, describe, expect, it } from 'vitest'
import { fieldValue, instant, number, readingText, wait } from './format'
import { language } from './i18n'

const field = { name: 'x', title: 'X', title_zh: '甲', type: 'number', unit: '1', factor: 1, offset: 0, dictionary: null, codes: null }

describe('values', () => {
  afterEach(() => (language.value = 'en'))

  it('are shown with the digits that matter', () => {
    expect(number(0.301254)).toBe('0.3013')
    expect(number(1234.56)).toBe('1,235')
    expect(number(0)).toBe('0')
    expect(number(123456)).toBe('123,456')
  })

  it('are converted from SI to the display unit', () => {
    expect(fieldValue({ ...field, unit: 'mm', factor: 0.001 }, 0.3)).toBe('300 mm')
    expect(fieldValue({ ...field, unit: 'degC', factor: 1, offset: 273.15 }, 293.15)).toBe('20 degC')
    expect(fieldValue(field, 130)).toBe('130')
  })

  it('say what a code means in the language of the page', () => {
    const coded = { ...field, type: 'code', codes: { PE: { title: 'polyethylene', title_zh: '聚乙烯' } } }
    expect(fieldValue(coded, 'PE')).toBe('polyethylene (PE)')
    language.value = 'zh'
    expect(fieldValue(coded, 'PE')).toBe('聚乙烯 (PE)')
    expect(fieldValue(coded, '??')).toBe('??')
  })

  it('are empty when there is none', () => {
    expect(fieldValue(field, null)).toBe('')
  })

  it('that are no time are shown as they are', () => {
    expect(instant('soon')).toBe('soon')
    expect(instant('2026-11-22T08:00:00Z')).toContain('2026')
  })
})

describe('readings', () => {
  it('are shown in the unit of their quantity, and where there is none nothing is shown', () => {
    expect(readingText({ unit: 'kPa', factor: 1000, offset: 0 }, 298_874)).toBe('299 kPa')
    expect(readingText({ unit: 'degC', factor: 1, offset: 273.15 }, 283.15)).toBe('10 °C')
    expect(readingText({ unit: '1', factor: 1, offset: 0 }, 0.98)).toBe('0.98')
    expect(readingText(undefined, null)).toBe('')
  })
})

describe('waiting', () => {
  it('is rounded to what a reader can use', () => {
    expect([wait(0), wait(45.4), wait(150), wait(7200)]).toEqual(['1 sec', '45 secs', '3 mins', '2 hrs'])
  })
})
