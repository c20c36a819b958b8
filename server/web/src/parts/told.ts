import { t } from '../lib/i18n.svelte';
import type { OwnQuestion } from '../lib/types';

/** What has become of one's own question, in words. */
export function fate(question: OwnQuestion): string {
  if (question.state === 'dismissed') return t('question.dismissed', { reason: t(`question.reason.${question.reason ?? 'off_topic'}`) });
  if (question.state === 'withdrawn') return t('question.withdrawn');
  if (question.state === 'archived') return t('question.archived_title');
  if (question.state === 'pending') return question.appeal ? t('question.appealed') : t('question.pending');
  if (question.answer_state === 'answered') return t('question.answered');
  return question.answer_state === 'answering' ? t('question.answering') : t('question.published');
}
