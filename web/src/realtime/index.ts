/**
 * The client of the realtime service: one connection that finds a way through, comes again by itself, recovers what it
 * missed, and says when it could not; who looks at a record, and the figures of a
 * period. It knows nothing of the dashboard.
 */
export { type Connection, type ConnectionState, connect, type Options } from './connect'
export type { LiveEvent } from './events'
export type { FiguresRef, FiguresUser } from './figures'
export type { RecordRef, Viewer } from './room'
