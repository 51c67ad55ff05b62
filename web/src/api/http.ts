import { pace } from './pace'
import { problemOf, unreachable } from './problem'

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  body?: unknown
  /** A file to send in the body's place. It may take longer. */
  file?: Blob | undefined
  /** Makes a create happen once, however often the same submission is sent. */
  idempotencyKey?: string | undefined
  token?: string | undefined
  signal?: AbortSignal | undefined
  /** A file is given as a Blob, and may take longer. */
  as?: 'json' | 'file'
}

export interface Answer<T> {
  body: T
  /** The server's clock minus this browser's, in milliseconds; 0 when the server does not tell. */
  clockSkew: number
}

const timeoutMs = 20_000
const fileTimeoutMs = 60_000

/** One HTTP exchange. Fails with ApiError, or with the caller's own abort. */
export async function call<T>(
  path: string,
  { method = 'GET', body, file, idempotencyKey, token, signal, as = 'json' }: Call = {},
): Promise<Answer<T>> {
  const headers = new Headers({ Accept: 'application/json' })
  if (token) headers.set('Authorization', `Bearer ${token}`)
  if (body !== undefined) headers.set('Content-Type', 'application/json')
  if (file) headers.set('Content-Type', file.type)
  if (idempotencyKey) headers.set('Idempotency-Key', idempotencyKey)
  const timeout = AbortSignal.timeout(as === 'file' || file ? fileTimeoutMs : timeoutMs)
  let response: Response
  try {
    response = await fetch(path, {
      method,
      headers,
      body: file ?? (body === undefined ? null : JSON.stringify(body)),
      credentials: 'same-origin',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    })
  } catch (cause) {
    if (signal?.aborted) throw cause
    throw unreachable(cause)
  }
  // What is read is what live reading asks for; a change is limited by more than that.
  if (token && method === 'GET') pace.note(response.headers)
  if (!response.ok) throw await problemOf(response)
  const date = Date.parse(response.headers.get('Date') ?? '')
  const clockSkew = Number.isNaN(date) ? 0 : date - Date.now()
  if (response.status === 204) return { body: undefined as T, clockSkew }
  try {
    if (as === 'file') return { body: (await response.blob()) as T, clockSkew }
    return { body: (await response.json()) as T, clockSkew }
  } catch (cause) {
    if (signal?.aborted) throw cause
    throw unreachable(cause)
  }
}
