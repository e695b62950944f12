/** How an item type looks, and whether it lives by acts (has a status worth showing). */
import BookOpen from '@lucide/svelte/icons/book-open'
import Flag from '@lucide/svelte/icons/flag'
import Folder from '@lucide/svelte/icons/folder'
import Globe from '@lucide/svelte/icons/globe'
import LayoutTemplate from '@lucide/svelte/icons/layout-template'
import MapPinned from '@lucide/svelte/icons/map-pinned'
import MessagesSquare from '@lucide/svelte/icons/messages-square'
import Route from '@lucide/svelte/icons/route'
import type { Component } from 'svelte'
import type { ItemType } from '../../shared/model/items/index.ts'

export const TYPE_ICON: Record<ItemType, Component<{ class?: string }>> = {
  agreement: Route,
  meeting: MessagesSquare,
  knowledge: BookOpen,
  contact: MapPinned,
  progress: Flag,
  folder: Folder,
  template: LayoutTemplate,
  region: Globe,
}

export const hasStatus = (type: ItemType): boolean => type === 'agreement' || type === 'meeting'
