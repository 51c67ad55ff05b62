/** An API call that failed: a problem answer (RFC 9457), or no answer at all (status 0). */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly requestId: string | undefined
  /** Seconds the server asked to wait, from `Retry-After`. */
  readonly retryAfter: number | undefined

  constructor(status: number, code: string, message: string, requestId?: string, retryAfter?: number) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.requestId = requestId
    this.retryAfter = retryAfter
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
    text('requestId') ?? response.headers.get('X-Request-Id') ?? undefined,
    Number.isFinite(retryAfter) ? retryAfter : undefined,
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
