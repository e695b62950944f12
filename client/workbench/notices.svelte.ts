/**
 * Toasts, announcements and questions. A toast with an action stays until it is used or closed; one without goes by itself, because nobody
 * has to do anything with it. One question at a time; later ones wait their turn.
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import { language } from '../platform/text/text.svelte.ts'
import { createAnnouncer } from './announcer.ts'
import type { Notices } from './services.ts'

/** Long enough to read two lines twice. */
const TOAST_MS = 7000
const TOASTS_COUNT_MAX = 3

export interface Toast {
  id: number
  kind: 'say' | 'warn'
  text: string
  action?: { title: string; run: () => void }
}

export type Question = Parameters<Notices['ask']>[0]

export interface NoticesState extends Notices, Disposable {
  readonly toasts: readonly Toast[]
  readonly question: Question | null
  /** What the polite live region says now. */
  readonly polite: string
  readonly assertive: string
  close(id: number): void
  answer(key: string | null): void
}

export function createNotices(clock: Clock): NoticesState {
  let toasts = $state.raw<readonly Toast[]>([])
  let polite = $state({ text: '', language: language() })
  let assertive = $state('')
  let questions = $state.raw<readonly { question: Question; resolve: (key: string | null) => void }[]>([])
  let nextId = 1
  const announcer = createAnnouncer(clock, (text) => speak(text, announcedIn))
  const timers = new Map<number, Disposable>()
  /** An announcement may wait for some seconds, and the language change meanwhile. */
  let announcedIn = language()
  const speak = (text: string, spoken = language()): void => {
    polite = { text, language: spoken }
  }

  const close = (id: number): void => {
    toasts = toasts.filter((toast) => toast.id !== id)
    timers.get(id)?.dispose()
    timers.delete(id)
  }
  function show(kind: Toast['kind'], text: string, action?: Toast['action']): void {
    const id = nextId++
    // The same sentence twice is one toast, renewed.
    for (const same of toasts.filter((toast) => toast.text === text)) close(same.id)
    toasts = [...toasts, { id, kind, text, ...(action ? { action } : {}) }].slice(-TOASTS_COUNT_MAX)
    if (kind === 'say' && !action) timers.set(id, clock.after(TOAST_MS, () => close(id)))
  }

  return {
    get toasts() { return toasts },
    get question() { return questions[0]?.question ?? null },
    // What was said in another language is over: the page has one language for whoever reads it aloud.
    get polite() { return polite.language === language() ? polite.text : '' },
    get assertive() { return assertive },
    say(text, action) {
      speak(text)
      show('say', text, action)
    },
    warn(text, action) {
      assertive = text
      show('warn', text, action)
    },
    unsay(text) {
      for (const { id } of toasts.filter((toast) => toast.text === text)) close(id)
    },
    announce(text) {
      announcedIn = language()
      announcer.say(text)
    },
    ask: (question) => new Promise((resolve) => (questions = [...questions, { question, resolve }])),
    close,
    answer(key) {
      const [first, ...rest] = questions
      questions = rest
      first?.resolve(key)
    },
    dispose() {
      announcer.dispose()
      for (const timer of timers.values()) timer.dispose()
      for (const { resolve } of questions) resolve(null)
    },
  }
}
