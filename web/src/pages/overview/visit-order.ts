import type { Visit, VisitState } from '../../api/types'

/** What needs attention first. */
const order: VisitState[] = ['late', 'inProgress', 'upcoming', 'completed', 'unscheduled']

/** Visits in groups by state: late first; within a group by start, the completed by when they were done, latest first. */
export function byState(visits: readonly Visit[]): { state: VisitState; visits: Visit[] }[] {
  return order
    .map(state => ({
      state,
      visits: visits
        .filter(visit => visit.state === state)
        .sort((a, b) =>
          state === 'completed'
            ? instant(b.completedAt ?? b.startAt) - instant(a.completedAt ?? a.startAt)
            : instant(a.startAt) - instant(b.startAt),
        ),
    }))
    .filter(group => group.visits.length > 0)
}

function instant(time: string | null | undefined): number {
  return time ? Date.parse(time) : 0
}
