import { language } from './i18n'
import type { FieldInfo, Scalar } from './api'

const locale = () => (language.value === 'zh' ? 'zh-CN' : 'en-GB')

export function count(value: number): string {
  return new Intl.NumberFormat(locale()).format(value)
}

/** A number with as many digits as matter: 0.30125 -> 0.301, 1234.5 -> 1,234.5. */
export function number(value: number): string {
  const digits = value === 0 ? 0 : Math.max(0, Math.min(6, 3 - Math.floor(Math.log10(Math.abs(value)))))
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value)
}

/** A point in time, to the second, in the time zone of the reader. */
export function instant(text: string): string {
  const when = new Date(text)
  if (Number.isNaN(when.getTime())) return text
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'medium' }).format(when)
}

/** The value of a declared field as people read it: SI converted to the display unit, codes with their meaning. */
export function fieldValue(field: FieldInfo | undefined, value: Scalar): string {
  if (value === null || value === '') return ''
  if (typeof value === 'number') {
    if (!field?.unit) return number(value)
    const shown = number((value - field.offset) / field.factor)
    return field.unit === '1' ? shown : `${shown} ${field.unit}`
  }
  const code = field?.codes?.[String(value)]
  if (code) return `${language.value === 'zh' ? code.title_zh : code.title} (${value})`
  return String(value)
}
