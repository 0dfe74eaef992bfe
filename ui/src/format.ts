import { language } from './i18n'
import type { FieldInfo, Scalar, Unit } from './api'

const locale = () => (language.value === 'zh' ? 'zh-CN' : 'en-GB')

export function count(value: number): string {
  return new Intl.NumberFormat(locale()).format(value)
}

/** A number with as many digits as matter: 0.30125 -> 0.301, 1234.5 -> 1,234.5. */
export function number(value: number): string {
  const digits = value === 0 ? 0 : Math.max(0, Math.min(6, 3 - Math.floor(Math.log10(Math.abs(value)))))
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value)
}

/** A mean or quantile of a count: whole from a hundred on, three digits below. */
export function about(value: number): string {
  return new Intl.NumberFormat(locale(), Math.abs(value) >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 }).format(value)
}

/** A share of one as a percentage. */
export function percent(value: number): string {
  return new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: 1 }).format(value)
}

/** A time in hours as people say it: hours up to two days, then days. */
export function duration(hours: number): string {
  const [value, unit] = Math.abs(hours) <= 48 ? [hours, 'hour'] : [hours / 24, 'day']
  return new Intl.NumberFormat(locale(), { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)
}

/** A point in time, to the second (short: to the minute), in the time zone of the reader. */
export function instant(text: string, style: 'medium' | 'short' = 'medium'): string {
  const when = new Date(text)
  if (Number.isNaN(when.getTime())) return text
  return new Intl.DateTimeFormat(locale(), { dateStyle: style, timeStyle: style }).format(when)
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

/** A reading in SI as people read it: three digits, in the display unit of its quantity; empty where there is none. */
export function readingText(unit: Unit | undefined, value: number | null): string {
  if (value === null) return ''
  const shown = about((value - (unit?.offset ?? 0)) / (unit?.factor ?? 1))
  return !unit || unit.unit === '1' ? shown : `${shown} ${unit.unit === 'degC' ? '°C' : unit.unit}`
}

/** A number of seconds to wait, roughly: tens of seconds, then minutes. */
export function wait(seconds: number): string {
  const [value, unit] = seconds < 100 ? [Math.max(1, Math.round(seconds)), 'second'] : seconds < 5400 ? [Math.round(seconds / 60), 'minute'] : [seconds / 3600, 'hour']
  return new Intl.NumberFormat(locale(), { style: 'unit', unit: unit as 'second' | 'minute' | 'hour', unitDisplay: 'short', maximumFractionDigits: 1 }).format(value as number)
}
