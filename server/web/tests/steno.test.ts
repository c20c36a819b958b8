import { describe, expect, it } from 'vitest';
import { finished } from '../src/lib/steno';

describe('lines that end by themselves', () => {
  it('end with a sentence once something follows it', () => {
    expect(finished('Good evening.', 'en')).toEqual({ lines: [], rest: 'Good evening.' });
    expect(finished('Good evening. W', 'en')).toEqual({ lines: [{ text: 'Good evening.' }], rest: 'W' });
    expect(finished('“Really?” Yes! No', 'en')).toEqual({ lines: [{ text: '“Really?”' }, { text: 'Yes!' }], rest: 'No' });
    expect(finished('It costs 3.50 in all', 'en').lines).toEqual([]);
    expect(finished('晚上好。欢', 'zh')).toEqual({ lines: [{ text: '晚上好。' }], rest: '欢' });
    expect(finished('كيف حالكم؟ أهلا', 'ar')).toEqual({ lines: [{ text: 'كيف حالكم؟' }], rest: 'أهلا' });
  });

  it('end with a line feed, and nothing is left', () => {
    expect(finished('and then\n', 'en')).toEqual({ lines: [{ text: 'and then' }], rest: '' });
  });

  it('name the speaker after two brackets, or somebody else', () => {
    expect(finished('Thank you. >> Amina: Good evening. And', 'en')).toEqual({
      lines: [{ text: 'Thank you.' }, { text: 'Good evening.', speaker: 'Amina' }],
      rest: 'And',
    });
    expect(finished('Yes >> No. I', 'en').lines).toEqual([{ text: 'Yes' }, { text: 'No.', speaker: '' }]);
  });

  it('end at a word when they are as long as a caption', () => {
    const { lines, rest } = finished(`${'word '.repeat(17)}and`, 'en');
    expect(lines).toEqual([{ text: 'word '.repeat(16).trim() }]);
    expect(rest).toBe('word and');
    expect(finished('字'.repeat(33), 'zh').lines[0]?.text).toHaveLength(30);
  });
});
