// A clock that a test turns by hand, for window code: timers run at once, in order, inside `turn`.
import type { Clock } from '../../shared/base/clock.ts';

export interface HandClock extends Clock {
  turn(ms: number): void;
}

export function handClock(start = Date.UTC(2026, 10, 21, 9)): HandClock {
  let now = start;
  let order = 0;
  const timers: { at: number; order: number; run: () => void }[] = [];
  return {
    now: () => now,
    after(delayMs, run) {
      const timer = { at: now + delayMs, order: order++, run };
      timers.push(timer);
      return {
        dispose() {
          const at = timers.indexOf(timer);
          if (at >= 0) timers.splice(at, 1);
        },
      };
    },
    turn(ms) {
      const until = now + ms;
      for (;;) {
        const next = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at || a.order - b.order)[0];
        if (!next) break;
        timers.splice(timers.indexOf(next), 1);
        now = next.at;
        next.run();
      }
      now = until;
    },
  };
}
