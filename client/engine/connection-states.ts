/**
 * What the engine's connection and its subscriptions may do: two complete tables. A forgotten pair does not compile, and "ignored" is
 * written out with its reason. The driver in sync.ts does what a step says and decides nothing else.
 */

export type ConnectionState = 'follower' | 'waiting' | 'connecting' | 'hello' | 'up' | 'blocked' | 'ended'
export type ConnectionEvent =
  /** This tab got the lead, or gave it up. */
  | 'lead' | 'leadLost'
  /** The back-off is over, or a person asked. */
  | 'tryNow'
  | 'opened' | 'welcomed'
  /** Closed for now, silent, or not understood. */
  | 'dropped'
  /** Closed with a code that says: trying again by itself is pointless. */
  | 'refused'
  | 'end'
export type ConnectionEffect = 'connect' | 'sayHello' | 'follow' | 'hangUp' | 'backOff' | 'calmDown'
export type ConnectionStep = { to: ConnectionState; effects: readonly ConnectionEffect[] } | { ignored: string }

const go = (to: ConnectionState, ...effects: ConnectionEffect[]): ConnectionStep => ({ to, effects })
const skip = (why: string): ConnectionStep => ({ ignored: why })
const leading = skip('it leads already')
const late = skip('of a socket that was given up')
const ended = skip('the engine has ended')

export const CONNECTION_STEPS: Record<ConnectionState, Record<ConnectionEvent, ConnectionStep>> = {
  follower: {
    lead: go('connecting', 'connect'), leadLost: skip('it does not lead'), tryNow: skip('the tab that leads is asked'),
    opened: late, welcomed: late, dropped: late, refused: late, end: go('ended'),
  },
  waiting: {
    lead: leading, leadLost: go('follower', 'calmDown'), tryNow: go('connecting', 'calmDown', 'connect'), opened: late, welcomed: late, dropped: late, refused: late,
    end: go('ended', 'calmDown'),
  },
  connecting: {
    lead: leading, leadLost: go('follower', 'hangUp'), tryNow: skip('it is trying'), opened: go('hello', 'sayHello'), welcomed: late,
    dropped: go('waiting', 'hangUp', 'backOff'), refused: go('blocked', 'hangUp'), end: go('ended', 'hangUp'),
  },
  hello: {
    lead: leading, leadLost: go('follower', 'hangUp'), tryNow: skip('it is trying'), opened: skip('open already'), welcomed: go('up', 'follow'),
    dropped: go('waiting', 'hangUp', 'backOff'), refused: go('blocked', 'hangUp'), end: go('ended', 'hangUp'),
  },
  up: {
    lead: leading, leadLost: go('follower', 'hangUp'), tryNow: skip('there is a connection'), opened: skip('open already'), welcomed: skip('greeted already'),
    dropped: go('waiting', 'hangUp', 'backOff'), refused: go('blocked', 'hangUp'), end: go('ended', 'hangUp'),
  },
  blocked: {
    lead: leading, leadLost: go('follower'), tryNow: go('connecting', 'connect'), opened: late, welcomed: late, dropped: late, refused: late, end: go('ended'),
  },
  ended: { lead: ended, leadLost: ended, tryNow: ended, opened: ended, welcomed: ended, dropped: ended, refused: ended, end: ended },
}

export type SubscriptionState = 'none' | 'asked' | 'rechecking' | 'catchingUp' | 'live' | 'lagging' | 'lost'
export type SubscriptionEvent =
  | 'scoped'
  /** SUBBED: the log is the one we know, or another one. */
  | 'resume' | 'recover'
  /** The store has taken the change of epoch. */
  | 'rechecked'
  /** A run was stored and more, or nothing more, is on its way. */
  | 'behind' | 'level'
  /** The relay's log was replaced while we follow it. */
  | 'replaced'
  | 'roleLost' | 'disconnected'
export type SubscriptionEffect = 'subscribe' | 'recheck' | 'offer' | 'recall' | 'forget' | 'finishRecheck'
export type SubscriptionStep = { to: SubscriptionState; effects: readonly SubscriptionEffect[] } | { ignored: string }

const sub = (to: SubscriptionState, ...effects: SubscriptionEffect[]): SubscriptionStep => ({ to, effects })
const no = (why: string): SubscriptionStep => ({ ignored: why })
const notAsked = no('nothing was asked')
const unasked = no('the answer to an earlier question')
const following = no('it is followed already')

export const SUBSCRIPTION_STEPS: Record<SubscriptionState, Record<SubscriptionEvent, SubscriptionStep>> = {
  none: {
    scoped: sub('asked', 'subscribe'), resume: notAsked, recover: notAsked, rechecked: notAsked, behind: notAsked, level: notAsked, replaced: notAsked,
    roleLost: sub('lost', 'forget'), disconnected: no('not connected'),
  },
  asked: {
    scoped: following, resume: sub('catchingUp', 'offer'), recover: sub('rechecking', 'recheck'), rechecked: unasked, behind: unasked, level: unasked,
    replaced: sub('asked', 'subscribe'), roleLost: sub('lost', 'forget'), disconnected: sub('none', 'recall'),
  },
  rechecking: {
    scoped: following, resume: unasked, recover: unasked, rechecked: sub('catchingUp', 'offer'), behind: no('runs wait for the store'), level: no('runs wait for the store'),
    replaced: sub('asked', 'recall', 'subscribe'), roleLost: sub('lost', 'recall', 'forget'), disconnected: sub('none', 'recall'),
  },
  catchingUp: {
    scoped: following, resume: unasked, recover: unasked, rechecked: unasked, behind: sub('catchingUp'), level: sub('live', 'finishRecheck'),
    replaced: sub('asked', 'recall', 'subscribe'), roleLost: sub('lost', 'recall', 'forget'), disconnected: sub('none', 'recall'),
  },
  live: {
    scoped: following, resume: unasked, recover: unasked, rechecked: unasked, behind: sub('lagging'), level: sub('live'),
    replaced: sub('asked', 'recall', 'subscribe'), roleLost: sub('lost', 'recall', 'forget'), disconnected: sub('none', 'recall'),
  },
  lagging: {
    scoped: following, resume: unasked, recover: unasked, rechecked: unasked, behind: sub('lagging'), level: sub('live', 'finishRecheck'),
    replaced: sub('asked', 'recall', 'subscribe'), roleLost: sub('lost', 'recall', 'forget'), disconnected: sub('none', 'recall'),
  },
  lost: {
    scoped: sub('asked', 'subscribe'), resume: unasked, recover: unasked, rechecked: unasked, behind: unasked, level: unasked, replaced: unasked,
    roleLost: no('lost already'), disconnected: sub('none'),
  },
}

/** Pushes may go to spaces in these states: the epoch that an acknowledgement will speak of is known and stored. */
export const takesPushes = (state: SubscriptionState): boolean => state === 'catchingUp' || state === 'live' || state === 'lagging'
