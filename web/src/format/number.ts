const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 })
const signedWhole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0, signDisplay: 'exceptZero' })
const percentages = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 })
const wholePercentages = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 0 })
const plurals = new Intl.PluralRules('en')

export function count(n: number): string {
  return whole.format(n)
}

export function signedCount(n: number): string {
  return signedWhole.format(n)
}

/** A ratio as a percentage with at most one decimal; none from 100 % up, where it is noise. */
export function percent(ratio: number): string {
  return (Math.abs(ratio) >= 1 ? wholePercentages : percentages).format(ratio)
}

/** `1 visit`, `2 visits`, `3 properties`. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${plurals.select(n) === 'one' ? one : many}`
}

/** Minutes as hours: `7.5 h`, `142 h`. */
export function hours(minutes: number): string {
  const value = minutes / 60
  const digits = Math.abs(value) < 10 && !Number.isInteger(value) ? 1 : 0
  return `${new Intl.NumberFormat(undefined, { maximumFractionDigits: digits }).format(value)} h`
}
