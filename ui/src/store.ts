/** What the whole page shares: the city, its catalogue, and what is chosen. */
import { computed, reactive, ref, shallowRef } from 'vue'
import { api, ProblemError, type CapabilityInfo, type Catalog, type Effect, type History, type KindInfo, type Link, type Summary } from './api'

export const summary = shallowRef<Summary | null>(null)
export const catalog = shallowRef<Catalog | null>(null)
/** What went wrong last. refused: the server answered and said why. */
export const failure = shallowRef<{ refused: boolean; message: string } | null>(null)
export const chosen = shallowRef<{ history: History; links: Link[] } | null>(null)

export const capabilities = shallowRef<CapabilityInfo[]>([])

export const kinds = computed(() => new Map<string, KindInfo>((catalog.value?.kinds ?? []).map((kind) => [kind.name, kind])))
export const domains = computed(() => new Map((catalog.value?.domains ?? []).map((domain) => [domain.name, domain])))

/** The tests wait for `ready` and pick through the map. */
export const page = reactive({ tab: 'summary' as 'summary' | 'findings' | 'needs' | 'rehearse' | 'whatif' | 'analyses', /** the panel needs more room than the map */ wide: false })

export const ACTIONS = ['fail', 'isolate', 'connect', 'burst'] as const
export type Action = (typeof ACTIONS)[number]

/** What can be tried on an asset of a kind: a node works or not, an edge also lets through or not, and what holds a fluid bursts. */
export function actionsOf(kind: KindInfo): Action[] {
  if (kind.shuts) return ['isolate', 'connect']
  if (kind.trait !== 'edge') return ['fail']
  const names = new Set(kind.fields.map((f) => f.name))
  const bursts = names.has('diameter') || (names.has('width') && names.has('height'))
  return ACTIONS.filter((action) => action !== 'burst' || bursts)
}

/** The open overlay of what-if changes, as it was answered last, and how many changes can be put back on. */
export const overlay = shallowRef<Effect | null>(null)
export const undone = ref(0)
/** true while the networks are being solved with a change */
export const solving = ref(false)

export function fail(error: unknown): void {
  failure.value = { refused: error instanceof ProblemError, message: error instanceof Error ? error.message : String(error) }
}

export async function loadCity(): Promise<void> {
  try {
    const [city, declared, offered] = await Promise.all([api.summary(), api.catalog(), api.capabilities()])
    catalog.value = declared
    capabilities.value = offered
    summary.value = city
  } catch (error) {
    fail(error)
  }
}

export async function chooseAsset(id: string): Promise<void> {
  try {
    const [history, { links }] = await Promise.all([api.history(id), api.links(id)])
    chosen.value = { history, links }
    failure.value = null
  } catch (error) {
    fail(error)
  }
}

/** Lays one more change over the city. */
export async function tryOn(id: string, action: Action): Promise<void> {
  solving.value = true
  try {
    overlay.value = overlay.value ? await api.change(overlay.value.overlay, id, action) : await api.openOverlay([{ id, action }])
    undone.value = 0
    failure.value = null
    page.tab = 'whatif'
  } catch (error) {
    lost(error)
  } finally {
    solving.value = false
  }
}

export async function stepBack(step: 'undo' | 'redo' | 'reset'): Promise<void> {
  try {
    if (!overlay.value) return
    overlay.value = await api.step(overlay.value.overlay, step)
    undone.value = step === 'undo' ? undone.value + 1 : step === 'redo' ? undone.value - 1 : 0
    failure.value = null
  } catch (error) {
    lost(error)
  }
}

/** A server that was started anew does not know the overlay: the next change opens another. */
function lost(error: unknown): void {
  if (error instanceof ProblemError && error.about.overlay === overlay.value?.overlay) overlay.value = null
  fail(error)
}
