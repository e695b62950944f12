/** How long a space stays open without a connection. */
import type { offline as dutch } from '../nl/offline.ts'
import type { Texts } from '../texts.ts'

const days = (count: number): string => (count === 1 ? '1 day' : `${count} days`)

export const offline: Texts<typeof dutch> = {
  closed: {
    title: (space: string) => `${space} is closed until you connect`,
    text: (count: number, since: string) =>
      `This space stays open for ${days(count)} without a connection. That time was over on ${since}. Connect, and everything opens again by itself. What you wrote and what was not sent yet is still on this laptop. It goes out then.`,
    brief: 'Your work is still on this laptop.',
    action: 'Connect now',
    tab: 'Closed',
    told: (space: string) => `${space} is closed now. Connect to go on. Your work is still on this laptop.`,
    again: (space: string) => `${space} is open again.`,
  },
  soon: (space: string, hours: number) => `Within ${hours} ${hours === 1 ? 'hour' : 'hours'} you have to connect once. Otherwise ${space} closes on this laptop until you are connected.`,
  status: {
    closed: (count: number) => (count === 1 ? '1 space is closed' : `${count} spaces are closed`),
    soon: (hours: number) => `${hours} ${hours === 1 ? 'hour' : 'hours'} left without a connection`,
    hours: (hours: number) => `${hours} ${hours === 1 ? 'hour' : 'hours'} left`,
  },
  spaces: 'Spaces with a limit',
  item: 'A document in a space that is closed now',
  itemKept: 'This edit is kept. Connect, and you can read it again and choose what happens to it.',
  progress: (names: string) => `Missing below: ${names}. This laptop had no connection for too long. Connect, and you see the progress again.`,
  setting: {
    title: 'Without a connection',
    text: 'On a laptop you can read and write here without internet too. You can set a limit to that. After that time the space closes on that laptop until it is connected again. Nothing is lost.',
    honest: 'This is a rule of the program. It does not stop somebody who can open the laptop itself. Lock the laptop for that.',
    none: 'No limit',
    limited: 'At most a number of days',
    days: 'Number of days',
    hint: (least: number, most: number) => `A number from ${least} to ${most}.`,
    wrong: (least: number, most: number) => `Enter a whole number from ${least} to ${most}.`,
    save: 'Save',
    now: (count: number) => `Without a connection this space stays open for ${days(count)}.`,
    nowNone: 'Without a connection this space stays open as long as needed.',
    saved: (count: number) => `Laptops now keep this space open for ${days(count)} without a connection.`,
    savedNone: 'There is no limit any more.',
  },
}
