import type { FieldEvent } from '../api/types'

/** Live and stored events as one list, newest first, each event once. */
export function mergeEvents(live: readonly FieldEvent[], stored: readonly FieldEvent[]): FieldEvent[] {
  // Live events go in first and the sort is stable, so among equal times the latest arrival leads.
  const byId = new Map([...live, ...stored].map(event => [event.id, event]))
  return [...byId.values()].sort((a, b) => Date.parse(b.time) - Date.parse(a.time))
}

const keep = 100

/** The most recent live events with one more, newest first. */
export function withEvent(events: readonly FieldEvent[], event: FieldEvent): readonly FieldEvent[] {
  if (events.some(known => known.id === event.id)) return events
  return [event, ...events].slice(0, keep)
}
