import classes from './sparkline.module.css'

const width = 100
const height = 28

/** The shape of a series, without axes: decoration beside a figure that is told in words. */
export function Sparkline({ values }: { values: number[] }) {
  if (values.length < 2) return null
  const low = Math.min(0, ...values)
  const high = Math.max(...values)
  const span = high - low || 1
  const points = values.map((value, i) => {
    const x = (i / (values.length - 1)) * width
    const y = height - 2 - ((value - low) / span) * (height - 4)
    return `${x.toFixed(2)},${y.toFixed(2)}`
  })
  return (
    <svg className={classes.line} viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden>
      <polygon points={`0,${height} ${points.join(' ')} ${width},${height}`} />
      <polyline points={points.join(' ')} />
    </svg>
  )
}
