import { ref } from 'vue'
import { en, type TextKey, type Texts } from './locales/en'
import { zh } from './locales/zh'

export type Language = 'en' | 'zh'
export type { TextKey }

const texts: Record<Language, Texts> = { en, zh }

export const language = ref<Language>('en')

/** Takes up the language of the last visit, or of the browser. */
export function restoreLanguage(): void {
  const kept = localStorage.getItem('holdfast.language')
  setLanguage(kept === 'en' || kept === 'zh' ? kept : navigator.language.startsWith('zh') ? 'zh' : 'en')
}

export function setLanguage(next: Language): void {
  language.value = next
  localStorage.setItem('holdfast.language', next)
  document.documentElement.lang = next === 'zh' ? 'zh-CN' : 'en'
}

/** The text of a key in the current language, with `{name}` filled in. */
export function t(key: TextKey, values: Record<string, string | number> = {}): string {
  return fill(texts[language.value][key], values)
}

export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole))
}

/** The title of something declared in both languages. */
export function titleOf(item: { title: string; title_zh: string } | undefined, fallback = ''): string {
  if (!item) return fallback
  return (language.value === 'zh' ? item.title_zh : item.title) || item.title || fallback
}

/** A text that may have no translation, such as the name of a service that a plug-in added. */
export function tOr(key: string, fallback: string): string {
  return (texts[language.value] as Record<string, string>)[key] ?? fallback
}
