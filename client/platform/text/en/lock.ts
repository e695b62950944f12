/** The lock of what lies on this laptop. */
import type { lock as dutch } from '../nl/lock.ts'
import type { Texts } from '../texts.ts'

export const lock: Texts<typeof dutch> = {
  category: 'Lock',
  setting: 'Lock of this laptop',
  now: 'Lock now',
  also: 'lock secure passphrase screen close laptop',
  page: {
    title: 'This laptop is locked',
    text: 'What Samenpad keeps on this laptop is encrypted. Enter your passphrase to go on.',
    passphrase: 'Passphrase',
    open: 'Unlock',
    busy: 'Busy…',
    needed: 'Enter your passphrase.',
    wrong: 'This passphrase is not right. Mind capitals and spaces, and try again.',
    forgotten: 'Passphrase forgotten?',
    forgottenText: 'Nobody can bring back a forgotten passphrase, not even an administrator. You can remove the locked copy of this laptop. What is at the relay comes back after that.',
    lost: (count) =>
      count === 1
        ? 'Mind: on this laptop there is one change that is not at the relay. You will lose it.'
        : `Mind: on this laptop there are ${count} changes that are not at the relay. You will lose them.`,
    nothingLost: 'Everything on this laptop is at the relay as well.',
    remove: 'Remove the copy',
    removeSure: 'Yes, remove the copy for good',
    keep: 'Keep it',
    other: 'Are you somebody else? Log in with your own account',
  },
  conversion: {
    locking: 'The copy on this laptop is being encrypted',
    unlocking: 'The lock is being taken off',
    text: 'Leave this window open. If you close it all the same, Samenpad goes on the next time. Nothing gets lost.',
    waiting: 'Other windows of Samenpad store their work first. Close them if it takes long.',
    progress: (percent) => `${percent}%`,
    sweeping: 'The old copy is being wiped. This takes a few seconds.',
    interruptedOn: 'Locking was cut off. The laptop is not locked yet. Enter your new passphrase to go on.',
    interruptedOff: 'Taking off the lock was cut off. Enter your passphrase to go on.',
    resume: 'Go on',
    stop: 'Stop, and leave the laptop without a lock',
  },
  failed: {
    quota: 'There is too little room on the disk for an encrypted copy. Nothing changed and nothing is lost. Make room and try again.',
    other: 'The storage of this browser does not cooperate. Nothing is lost. Try again.',
    again: 'Try again',
  },
  settings: {
    text: 'With a passphrase Samenpad encrypts your documents on this laptop. Whoever finds or borrows the laptop cannot read them then. The passphrase is not your password, and counts only here.',
    protects: 'The lock does not protect while Samenpad is open and unlocked.',
    impossible: 'This browser cannot lock.',
    off: 'This laptop is not locked.',
    on: 'This laptop is locked with a passphrase.',
    turnOn: 'Lock this laptop with a passphrase',
    turnOff: 'Take off the lock',
    change: 'Change the passphrase',
    passphrase: 'Passphrase',
    repeat: 'Passphrase again',
    current: 'Current passphrase',
    next: 'New passphrase',
    hint: (least) => `At least ${least} characters. A sentence of a few words is easiest to remember.`,
    length: (count) => `${count} ${count === 1 ? 'character' : 'characters'}`,
    tooShort: (least) => `Choose at least ${least} characters.`,
    different: 'The two passphrases are not the same.',
    warning: 'Remember the passphrase well. Without it nobody can read what is only on this laptop. If you lose it, work that is not at the relay yet is lost as well.',
    unsent: (count) =>
      count === 1
        ? 'On this laptop there is one change now that is not at the relay yet. Wait for a connection, or save it as a file first.'
        : `On this laptop there are ${count} changes now that are not at the relay yet. Wait for a connection, or save them as a file first.`,
    save: 'Save as a file',
    idle: 'Lock by itself after',
    minutes: (count) => `${count} minutes`,
    never: 'Not by itself',
    cancel: 'Do not',
    wrong: 'This passphrase is not right.',
    changed: 'The passphrase was changed.',
    elsewhere: 'This was changed in another window already. Load the page again.',
    unstored: 'Something was typed that this laptop cannot store. That is why nothing was locked now.',
  },
}
