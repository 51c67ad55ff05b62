import { waitWords } from '../format/time'

/** One broken rule of the input: where, such as `email` or `ipAllow[1]`, and what to do about it. */
export interface FieldProblem {
  location: string
  message: string
}

interface Particulars {
  requestId?: string | undefined
  retryAfter?: number | undefined
  fields?: FieldProblem[]
}

/** An API call that failed: a problem answer (RFC 9457), or no answer at all (status 0). */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly requestId: string | undefined
  /** Seconds the server asked to wait, from `Retry-After`. */
  readonly retryAfter: number | undefined
  /** Every broken rule of the input; locations are those within the body. */
  readonly fields: FieldProblem[]

  constructor(status: number, code: string, message: string, more: Particulars = {}) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.requestId = more.requestId
    this.retryAfter = more.retryAfter
    this.fields = more.fields ?? []
  }

  get unreachable(): boolean {
    return this.status === 0
  }
}

export function unreachable(cause: unknown): ApiError {
  const error = new ApiError(0, 'unreachable', 'Fieldboard could not be reached.')
  error.cause = cause
  return error
}

export async function problemOf(response: Response): Promise<ApiError> {
  const body = await readObject(response)
  const text = (name: string) => (typeof body[name] === 'string' ? body[name] : undefined)
  const retryAfter = Number(response.headers.get('Retry-After') ?? Number.NaN)
  return new ApiError(
    response.status,
    text('code') ?? 'unknown',
    text('detail') ?? text('title') ?? `The server answered ${response.status}.`,
    {
      requestId: text('requestId') ?? response.headers.get('X-Request-Id') ?? undefined,
      retryAfter: Number.isFinite(retryAfter) ? retryAfter : undefined,
      fields: fieldsOf(body.errors),
    },
  )
}

function fieldsOf(errors: unknown): FieldProblem[] {
  if (!Array.isArray(errors)) return []
  return errors.flatMap(({ location, message }: Partial<FieldProblem>) =>
    typeof location === 'string' && typeof message === 'string'
      ? [{ location: location.replace(/^body\./, ''), message }]
      : [],
  )
}

async function readObject(response: Response): Promise<Record<string, unknown>> {
  try {
    const body: unknown = await response.json()
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  } catch {
    // A proxy's error page is not JSON; the status says enough.
    return {}
  }
}

/** Whether asking again may help: no answer, too many requests, or the server's own fault. */
export function isPassing(error: unknown): boolean {
  return error instanceof ApiError && (error.unreachable || error.status === 429 || error.status >= 500)
}

/**
 * What to tell a person about a call that failed. What the server says of a refusal is written for people; its other
 * failures are not theirs to understand.
 */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof ApiError)) return 'That did not work. Try again in a moment.'
  if (error.unreachable) return 'Fieldboard could not be reached. Check your connection and try again.'
  if (error.status === 429) return `Too many attempts. Try again ${waitWords(error.retryAfter)}.`
  if (error.status >= 400 && error.status < 500 && error.code !== 'unknown') return error.message
  const reference = error.requestId ? ` Reference for support: ${error.requestId}` : ''
  return `That did not work. Try again in a moment.${reference}`
}
