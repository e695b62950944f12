/**
 * What may become script or markup out of a string: nothing, but for what is listed here. The relay's policy asks for it (`require-trusted-types-for`), so a sink
 * that nobody thought of ends in a TypeError instead of running. Imported before everything else, because the first worker needs it.
 *
 * - Markup: only into documents that run and load nothing, which is where pasted HTML is read. Svelte's own templates have a policy of their own.
 * - Addresses of scripts: our own built files and the service worker.
 * - Text as script: never.
 */
interface Rules {
  /** `sink` is the browser's name of the place; undefined when somebody asks the policy by name, as ProseMirror does for its detached document. */
  createHTML(html: string, type?: string, sink?: string): string | null
  createScriptURL(url: string): string | null
}

/** No type of the DOM's yet; missing where a browser does not have it, and then nothing is asked for either. */
const { trustedTypes } = globalThis as { trustedTypes?: { createPolicy(name: string, rules: Rules): unknown } }

export const rules: Rules = {
  createHTML: (html, _type, sink) => (sink === undefined || sink === 'DOMParser parseFromString' ? html : null),
  createScriptURL(url) {
    const { origin, pathname } = new URL(url, location.href)
    return origin === location.origin && (pathname.startsWith('/assets/') || pathname === '/sw.js') ? url : null
  },
}

trustedTypes?.createPolicy('default', rules)
