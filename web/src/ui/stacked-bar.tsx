import classes from './stacked-bar.module.css'

export interface Segment {
  name: string
  value: number
  color: string
}

/** Parts of a whole as one bar. What it shows must also be written beside it. */
export function StackedBar({ segments, size = 8 }: { segments: Segment[]; size?: number }) {
  const total = segments.reduce((sum, segment) => sum + Math.max(0, segment.value), 0)
  return (
    <div className={classes.bar} style={{ height: size }} aria-hidden>
      {total > 0 &&
        segments
          .filter(segment => segment.value > 0)
          .map(segment => (
            <span
              key={segment.name}
              style={{ width: `${(segment.value / total) * 100}%`, backgroundColor: segment.color }}
            />
          ))}
    </div>
  )
}
