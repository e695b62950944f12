/** The description that the relay gives of its routes, as far as `server/http/openapi.ts` writes it, and whether an answer is what it says. */
export interface Schema {
  type?: string
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: Schema | boolean
  maxLength?: number
  minLength?: number
  maximum?: number
  minimum?: number
}
type Content = Record<string, { schema: Schema }>
export interface Described {
  parameters: { name: string; in: 'path' | 'query'; required: boolean; schema: Schema }[]
  requestBody?: { content: Content }
  responses: Record<string, { description: string; content?: Content }>
}
export interface Description {
  paths: Record<string, Record<string, Described>>
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const TYPES: Record<string, (value: unknown) => boolean> = {
  string: (value) => typeof value === 'string', number: (value) => typeof value === 'number', integer: Number.isInteger, boolean: (value) => typeof value === 'boolean', null: (value) => value === null, array: Array.isArray, object: isRecord,
}

/** A field that is not described does not fit. Out: null when it fits, otherwise where it does not, as `members[0].role`. Errors: throws on a type that `openapi.ts` does not write. */
export function misfit(schema: Schema, value: unknown, at = ''): string | null {
  const here = at || 'the whole'
  if (schema.anyOf) return schema.anyOf.some((one) => misfit(one, value) === null) ? null : here
  if ('const' in schema && value !== schema.const) return here
  if (schema.enum && !schema.enum.includes(value)) return here
  if (schema.type !== undefined) {
    const isOfType = TYPES[schema.type]
    if (!isOfType) throw new Error(`Bug: no type ${schema.type}`)
    if (!isOfType(value)) return here
  }
  if (typeof value === 'string' && (value.length > (schema.maxLength ?? Infinity) || value.length < (schema.minLength ?? 0))) return here
  if (typeof value === 'number' && (value > (schema.maximum ?? Infinity) || value < (schema.minimum ?? -Infinity))) return here
  if (Array.isArray(value) && schema.items) for (const [i, one] of value.entries()) {
    const inside = misfit(schema.items, one, `${at}[${i}]`)
    if (inside !== null) return inside
  }
  if (!isRecord(value)) return null
  for (const name of schema.required ?? []) if (!(name in value)) return `${at}.${name} is missing`
  for (const [name, one] of Object.entries(value)) {
    const known = schema.properties?.[name] ?? schema.additionalProperties ?? !schema.properties
    if (known === false) return `${at}.${name} is not described`
    const inside = typeof known === 'object' ? misfit(known, one, `${at}.${name}`) : null
    if (inside !== null) return inside
  }
  return null
}

/** What of an answer is not what the description of its operation says; null when all is. */
export function undescribed({ responses }: Described, { status, text, headers }: { status: number; text: string; headers: Headers }): string | null {
  const described = responses[String(status)]
  if (!described) return `${status} is not described`
  const type = (headers.get('content-type') ?? '').split(';')[0] ?? ''
  if (!described.content) return text === '' ? null : `${status} has a body: ${text.slice(0, 40)}`
  const content = described.content[type]
  if (!content) return `${status} is ${type || 'without a type'} instead of ${Object.keys(described.content).join()}`
  if (type !== 'application/json') return null
  const at = misfit(content.schema, JSON.parse(text))
  return at === null ? null : `${status}: ${at}: ${text.slice(0, 60)}`
}
