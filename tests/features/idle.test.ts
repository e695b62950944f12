// Locking by itself: after the time that was set without a sign of a person in any window, also when the laptop slept over it.
import { expect, test } from 'vitest'
import type { LaptopLock } from '../../client/engine/api.ts'
import { watchIdle } from '../../client/features/lock/idle.ts'
import { createStorage } from '../../client/platform/storage.ts'
import { handClock } from '../support/hand-clock.ts'

const MINUTE_MS = 60_000

function setup(idleMinutes: number | null, isOn = true) {
  const clock = handClock()
  const kept = new Map<string, string>()
  const place = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, text: string) => void kept.set(key, text), removeItem: (key: string) => void kept.delete(key) }
  const window = () => {
    const target = new EventTarget()
    let lockedCount = 0
    const lock = { isOn, idleMinutes } as LaptopLock
    const watch = watchIdle({ lock, clock, storage: createStorage(place), workspace: { me: { user: 'a' } } } as unknown as Parameters<typeof watchIdle>[0], async () => void lockedCount++, target as unknown as Window)
    return { touch: () => target.dispatchEvent(new Event('keydown')), lockedCount: () => lockedCount, watch }
  }
  return { clock, window }
}

test('a window locks after the time that was set, and not while somebody works in it', () => {
  const { clock, window } = setup(15)
  const one = window()
  for (let i = 0; i < 20; i++) {
    clock.turn(MINUTE_MS)
    one.touch()
  }
  expect(one.lockedCount()).toBe(0)
  clock.turn(14 * MINUTE_MS)
  expect(one.lockedCount()).toBe(0)
  clock.turn(2 * MINUTE_MS)
  expect(one.lockedCount()).toBeGreaterThan(0)
  one.watch.dispose()
})

test('work in one window keeps the others open', () => {
  const { clock, window } = setup(5)
  const [one, other] = [window(), window()]
  for (let i = 0; i < 10; i++) {
    clock.turn(MINUTE_MS)
    one.touch()
  }
  expect(other.lockedCount()).toBe(0)
  clock.turn(6 * MINUTE_MS)
  expect(other.lockedCount()).toBeGreaterThan(0)
})

test.each([[null, true], [5, false]] as const)('nothing locks by itself when that was not asked for, or there is no lock: %s minutes, lock %s', (minutes, isOn) => {
  const { clock, window } = setup(minutes, isOn)
  const one = window()
  clock.turn(24 * 60 * MINUTE_MS)
  expect(one.lockedCount()).toBe(0)
})
