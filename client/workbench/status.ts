/** How a status looks: icon and tone; the word comes from the vocabulary. Colour is never alone. */
import Archive from '@lucide/svelte/icons/archive'
import BadgeCheck from '@lucide/svelte/icons/badge-check'
import Hourglass from '@lucide/svelte/icons/hourglass'
import MessageCircleQuestionMark from '@lucide/svelte/icons/message-circle-question-mark'
import PencilLine from '@lucide/svelte/icons/pencil-line'
import RefreshCw from '@lucide/svelte/icons/refresh-cw'
import type { Component } from 'svelte'
import type { Status } from '../../shared/model/acts.ts'
import { labelOf } from '../../shared/model/vocabularies.ts'
import { language } from '../platform/text/text.svelte.ts'

export type Tone = 'ok' | 'wait' | 'info' | 'error' | ''

export const STATUS_LOOK: Record<Status, { icon: Component<{ class?: string }>; tone: Tone }> = {
  concept: { icon: PencilLine, tone: '' },
  consultation: { icon: MessageCircleQuestionMark, tone: 'wait' },
  proposed: { icon: Hourglass, tone: 'wait' },
  adopted: { icon: BadgeCheck, tone: 'ok' },
  revision: { icon: RefreshCw, tone: 'info' },
  withdrawn: { icon: Archive, tone: '' },
}

export const statusText = (status: Status): string => labelOf('status', status, language())
