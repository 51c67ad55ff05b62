import type { AgeingBucket } from '../../api/types'

export const ageColors: Record<AgeingBucket['bucket'], string> = {
  '0-30': 'var(--fb-age-1)',
  '31-60': 'var(--fb-age-2)',
  '61-90': 'var(--fb-age-3)',
  '90+': 'var(--fb-age-4)',
}

export const ageNames: Record<AgeingBucket['bucket'], string> = {
  '0-30': 'Up to 30 days',
  '31-60': '31 – 60 days',
  '61-90': '61 – 90 days',
  '90+': 'Over 90 days',
}
