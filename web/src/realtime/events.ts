/**
 * An event of the business as it arrives, in the envelope of CloudEvents 1.0. Whoever may not read every record is told that
 * something of a kind changed, and not what: such an event carries its type and collection alone. `/api/events/schema` lists
 * the types; a server that is newer than the page may send others.
 */
export interface LiveEvent {
  type: string
  id?: string
  /** `<collection>/<record id>`, e.g. `visits/Visit_12`; absent when no record is concerned. */
  subject?: string
  time?: string
  /** Sent again long after it happened: what it touches is to be read again, and it is no news. */
  replayed?: boolean
  data: {
    account?: string
    audience?: 'operations' | 'finance' | 'security' | 'personal'
    collection?: string
    id?: string
    title?: string
    detail?: string
    amountCents?: number | null
    /** The member whom it is about. */
    member?: string
  }
}

export function isEvent(data: unknown): data is LiveEvent {
  if (typeof data !== 'object' || data === null) return false
  const { type, data: payload } = data as Partial<LiveEvent>
  return typeof type === 'string' && typeof payload === 'object' && payload !== null
}

/** What the server says to one connection, by its `type`. What is not listed here is for newer pages. */
export type ServerMessage = Move

/** The connection ends soon: open another beside it, at a moment within so many milliseconds. */
export interface Move {
  type: 'move'
  withinMs?: number
}

export function isMessage(data: unknown): data is ServerMessage {
  return typeof data === 'object' && data !== null && (data as Partial<ServerMessage>).type === 'move'
}
