/**
 * When nobody has touched any window of this person for the time that was set, the laptop locks itself. The last sign of a person is kept for all
 * windows together; a laptop that slept longer than that locks when it wakes.
 */
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import type { Services } from '../../workbench/services.ts'

/** Coarse on purpose: nobody counts seconds, and every sign is a write. */
const LOOK_EVERY_MS = 15_000
const MINUTE_MS = 60_000
const SIGNS = ['keydown', 'pointerdown', 'wheel', 'touchstart'] as const

export function watchIdle({ lock, storage, clock, workspace }: Pick<Services, 'lock' | 'storage' | 'clock' | 'workspace'>, lockNow: () => Promise<void>, target: Pick<Window, 'addEventListener' | 'removeEventListener'> = window): Disposable {
  const bag = createBag()
  if (!lock.isOn) return bag
  const key = `active.${workspace.me.user}`
  const isTime = (value: unknown): value is number => typeof value === 'number'
  let seenAt = clock.now()
  let writtenAt = 0
  const sign = (): void => {
    seenAt = clock.now()
    if (seenAt - writtenAt < LOOK_EVERY_MS) return
    writtenAt = seenAt
    storage.write(key, seenAt)
  }
  sign()
  for (const name of SIGNS) {
    target.addEventListener(name, sign, { passive: true })
    bag.add(() => target.removeEventListener(name, sign))
  }
  let timer = clock.after(LOOK_EVERY_MS, look)
  function look(): void {
    const last = Math.max(seenAt, storage.read(key, isTime) ?? 0)
    const { idleMinutes } = lock
    if (idleMinutes !== null && clock.now() - last >= idleMinutes * MINUTE_MS) void lockNow()
    timer = clock.after(LOOK_EVERY_MS, look)
  }
  bag.add(() => timer.dispose())
  return bag
}
