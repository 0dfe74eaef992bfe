/** Scenarios of a reader's own: a hazard other than the presets have it. They are named in the reader's language, by what was said of the hazard. */
import { entriesOf, plainText, unitOf } from './analysis'
import type { Definition, ParameterInfo } from './api'
import { t, titleOf } from './i18n'
import { scenarioTitle } from './scenario'
import { catalog } from './store'

export const ownName = (hazard: string): string => `${hazard}-own`

function said(p: ParameterInfo, entry: string | boolean): string {
  const choice = p.choices?.find((c) => c.value === entry)
  const value = choice ? titleOf(choice) : typeof entry === 'boolean' ? plainText(entry) : entry.split('\n').join(' ')
  return [titleOf(p, p.name), value || '–', unitOf(p)].filter(Boolean).join(' ')
}

/** A scenario in words: a preset's name, its own title, or what its hazard has otherwise than usual. */
export function titleOfScenario(scenario: Partial<Definition>, title: unknown): string {
  const hazard = catalog.value?.hazards.find((h) => h.name === scenario.hazard)
  if (!hazard || scenario.name !== ownName(hazard.name)) return scenarioTitle(scenario.name, title)
  const units = catalog.value?.quantities ?? {}
  const [given, usual] = [entriesOf(hazard.parameters, scenario.parameters ?? {}, units), entriesOf(hazard.parameters, {}, units)]
  const other = hazard.parameters.filter((p) => given[p.name] !== usual[p.name]).map((p) => said(p, given[p.name]!))
  return [titleOf(hazard, hazard.name), other.join(t('rehearse.comma'))].filter(Boolean).join(t('rehearse.colon'))
}
