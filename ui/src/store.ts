/** What the whole page shares: the city, its catalogue, and what is chosen. */
import { computed, reactive, shallowRef } from 'vue'
import { api, type Catalog, type Effect, type History, type KindInfo, type Link, type Summary } from './api'

export const summary = shallowRef<Summary | null>(null)
export const catalog = shallowRef<Catalog | null>(null)
export const failure = shallowRef('')
export const chosen = shallowRef<{ history: History; links: Link[] } | null>(null)

export const kinds = computed(() => new Map<string, KindInfo>((catalog.value?.kinds ?? []).map((kind) => [kind.name, kind])))
export const domains = computed(() => new Map((catalog.value?.domains ?? []).map((domain) => [domain.name, domain])))

/** The tests wait for `ready` and pick through the map. */
export const page = reactive({ tab: 'summary' as 'summary' | 'findings' | 'needs' | 'rehearse' | 'whatif' })

/** The open overlay of what-if changes, as it was answered last. */
export const overlay = shallowRef<Effect | null>(null)

export async function loadCity(): Promise<void> {
  try {
    const [city, declared] = await Promise.all([api.summary(), api.catalog()])
    catalog.value = declared
    summary.value = city
  } catch (error) {
    failure.value = String(error instanceof Error ? error.message : error)
  }
}

export async function chooseAsset(id: string): Promise<void> {
  try {
    const [history, { links }] = await Promise.all([api.history(id), api.links(id)])
    chosen.value = { history, links }
  } catch (error) {
    failure.value = String(error instanceof Error ? error.message : error)
  }
}

export async function tryOn(id: string, action: string): Promise<void> {
  try {
    overlay.value = overlay.value ? await api.change(overlay.value.overlay, id, action) : await api.openOverlay([{ id, action }])
    page.tab = 'whatif'
  } catch (error) {
    failure.value = String(error instanceof Error ? error.message : error)
  }
}
