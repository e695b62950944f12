/** Settings and help. */
import type { settings as dutch } from '../nl/settings.ts'
import type { Texts } from '../texts.ts'

export const settings: Texts<typeof dutch> = {
  title: 'Settings',
  rail: 'Settings',
  category: 'Settings',
  open: 'Open the settings',
  also: 'colours dark light theme contrast size language storage lock',
  appearance: 'Appearance',
  storage: {
    title: 'Storage on this laptop',
    text: 'Samenpad keeps your documents in this browser, so that you can work without internet.',
    kept: 'The browser keeps everything, also when the disk gets full.',
    refused: 'The browser may remove these data when the disk gets full. What is at the relay then comes back. What is only on this laptop does not.',
    unknown: 'This browser does not say whether the data stay.',
    ask: 'Ask the browser again',
    asked: 'The browser keeps it this way. Installing Samenpad as an app often helps.',
    used: (used, most) => `In use: ${used} of ${most}.`,
  },
  about: {
    title: 'About Samenpad',
    version: (version) => `Version ${version}`,
    license: 'Free software under the EUPL-1.2.',
  },
  help: {
    title: 'Help',
    open: 'Open help',
    also: 'help manual how questions keys shortcuts',
    intro: 'A short answer to what people ask first.',
    questions: [
      { title: 'Where is my work?', text: 'At the bottom left it says so in words. “Only on this laptop”: kept on the disk of this laptop. “At the relay”: kept on the disk of the relay as well, and visible to others.' },
      { title: 'Can I work without internet?', text: 'Yes. You can open, search, make and change everything. When you have a connection again, it goes along by itself.' },
      { title: 'What if two people change the same?', text: 'Text is merged. Of a fact, such as a term, both answers stay until somebody chooses. Nothing is lost.' },
      { title: 'Who sees what?', text: 'Members of a space see everything in that space. Who is not a member sees nothing. A programme leader sees only the progress of the municipalities.' },
      { title: 'May I write about patients?', text: 'No. Samenpad is for agreements between people who give care. Data about patients belong in their own file.' },
    ],
    keys: 'Keys',
    keysText: 'Only keys that work in this browser.',
    key: 'Key',
    does: 'What it does',
    inTree: 'In the explorer',
    treeKeys: { rename: 'change the name', open: 'open', look: 'have a look', move: 'move', type: 'letters: jump to the name' },
    tabKeys: { close: 'on a tab: close' },
  },
}
