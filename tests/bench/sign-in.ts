/** Makes the first administrator of a fresh relay and spaces for it, through the doors that people use. */
import { must } from '../../shared/base/assert.ts'
import type { Id } from '../../shared/base/ids.ts'
import type { Product } from '../support/product.ts'

export interface Administrator {
  cookie: string
  createSpace(name: string): Promise<Id>
}

export async function administratorOf(product: Product): Promise<Administrator> {
  const { address } = product
  const ask = async (path: string, body: unknown, cookie = ''): Promise<Response> => {
    const response = await fetch(`${address}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', origin: address, cookie }, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response
  }
  const link = must(product.links()[0], 'a set-up link').url.split('/').at(-1)
  const accepted = await ask(`/api/links/${link}`, { login: 'beheerder@voorbeeld.test', name: 'beheerder', job: 'beheerder', organisation: 'Voorbeeld', password: 'een lang wachtwoord' })
  const cookie = must(accepted.headers.getSetCookie()[0], 'a session cookie').split(';')[0] as string
  return {
    cookie,
    async createSpace(name) {
      const response = await ask('/api/spaces', { kind: 'municipality', name }, cookie)
      return ((await response.json()) as { space: Id }).space
    },
  }
}
