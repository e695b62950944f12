/**
 * The route table as an OpenAPI 3.1 document, so that the description cannot drift from what is served. Knows the few valibot shapes that
 * the routes use; another one throws when the relay starts, not when somebody reads the document.
 */
import { must } from '../../shared/base/assert.ts'
import { DOORS, isOfSpace, type Who } from '../../shared/model/grants.ts'
import type { Route, Schema } from './route.ts'
import { STATUS_OF_ERROR } from './route.ts'

type Json = Record<string, unknown>

interface Node {
  type: string
  entries?: Record<string, Node>
  item?: Node
  wrapped?: Node
  value?: Node
  options?: (string | Node)[]
  literal?: unknown
  pipe?: Node[]
  requirement?: unknown
}

const BOUNDS: Record<string, string> = { max_length: 'maxLength', min_length: 'minLength', max_value: 'maximum', min_value: 'minimum' }

function jsonOf(node: Node): Json {
  const base = plain(node)
  for (const step of node.pipe?.slice(1) ?? []) {
    const bound = BOUNDS[step.type]
    if (bound !== undefined) base[bound] = step.requirement
    else if (step.type === 'integer') base.type = 'integer'
  }
  return base
}

function plain(node: Node): Json {
  switch (node.type) {
    case 'string':
    case 'number':
    case 'boolean':
      return { type: node.type }
    case 'literal':
      return { const: node.literal }
    case 'picklist':
      return { enum: node.options }
    case 'nullable': {
      const inside = jsonOf(must(node.wrapped, 'nullable wraps'))
      return { anyOf: [inside, { type: 'null' }] }
    }
    case 'optional':
      return jsonOf(must(node.wrapped, 'optional wraps'))
    case 'array':
      return { type: 'array', items: jsonOf(must(node.item, 'arrays have items')) }
    case 'record':
      return { type: 'object', additionalProperties: jsonOf(must(node.value, 'records have values')) }
    case 'union':
      return { anyOf: (node.options as Node[]).map(jsonOf) }
    case 'object':
    case 'strict_object':
    case 'loose_object': {
      const entries = Object.entries(node.entries ?? {})
      return {
        type: 'object',
        properties: Object.fromEntries(entries.map(([name, value]) => [name, jsonOf(value)])),
        required: entries.filter(([, value]) => value.type !== 'optional').map(([name]) => name),
        ...(node.type === 'object' ? {} : { additionalProperties: node.type === 'loose_object' }),
      }
    }
    default:
      throw new Error(`Bug: openapi does not know the shape ${node.type}`)
  }
}

const toJson = (schema: Schema): Json => jsonOf(schema as unknown as Node)

function parametersOf(schema: Schema | undefined, where: 'path' | 'query'): Json[] {
  if (!schema) return []
  return Object.entries((schema as unknown as Node).entries ?? {}).map(([name, value]) => ({
    name, in: where, required: where === 'path' || value.type !== 'optional', schema: jsonOf(value),
  }))
}

const WHO_TEXT: Record<Who, string> = {
  anyone: 'Open to anyone.', 'signed-in': 'For whoever is signed in.', administrator: 'For administrators of the installation.', machine: 'For whoever can read the data folder.',
}

const isOpen = ({ operation }: Route): boolean => !isOfSpace(operation) && DOORS[operation] === 'anyone'

function operationOf(route: Route): Json {
  const frame = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } }
  const answer = route.answer
    ? { description: 'Done', content: { 'application/json': { schema: toJson(route.answer) } } }
    : route.answerType
      ? { description: 'Done', content: { [route.answerType]: { schema: { type: 'string' } } } }
      : { description: route.redirects ? 'Go there' : 'Done, nothing to say' }
  const errors = [...new Set([...route.refusals, ...(isOpen(route) ? [] : (['signed-out', 'forbidden'] as const)), 'bad-request', 'rate'] as const)]
  const byStatus = Map.groupBy(errors, (code) => STATUS_OF_ERROR[code])
  const refusals = [...byStatus].map(([status, codes]) => [
    status,
    { description: codes.join(', '), content: { 'application/json': { schema: { type: 'object', properties: { error: { enum: codes } }, required: ['error'] } } } },
  ])
  return {
    summary: route.summary,
    description: isOfSpace(route.operation) ? `For whoever may \`${route.operation}\` in the space.` : WHO_TEXT[DOORS[route.operation]],
    parameters: [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query')],
    ...(route.body ? { requestBody: { required: true, content: { [route.takesForm ? 'application/x-www-form-urlencoded' : 'application/json']: { schema: toJson(route.body) } } } } : {}),
    ...(route.takesFrame ? { requestBody: { required: true, content: frame } } : {}),
    responses: { ...(route.mayBeEmpty ? { 204: { description: 'Done, nothing to say' } } : {}), [route.answer || route.answerType ? 200 : route.redirects ? 302 : 204]: answer, ...Object.fromEntries(refusals) },
    security: isOpen(route) ? [] : [{ session: [] }, { token: [] }],
  }
}

/** In: the whole table. Out: a plain object, ready to be sent. */
export function openApiOf(routes: readonly Route[], version: string, cookieName: string): Json {
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Samenpad', version,
      description: 'Errors are `{"error": code}`. What changes something must come from our own pages (Origin), or carry a bearer token and no cookie. Edits travel over `ws /sync`, see shared/protocol/SPEC.md.',
    },
    paths,
    components: { securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: cookieName }, token: { type: 'http', scheme: 'bearer' } } },
  }
}
