import { describe, expect, test } from 'vitest';
import { User } from '../../../src/app/users/user.ts';
import { changeEmail, registerUser } from '../../../src/app/users/user-decisions.ts';
import { EmailChanged, UserForgotten, UserRegistered } from '../../../src/app/users/user-events.ts';
import { given } from '../../../src/domain/scenario.ts';

const registered = (userId: string, email: string | null) =>
  UserRegistered({ userId, email, name: 'Ada', country: null });
const register = (id: string, email: string | null) => registerUser({ id, email, name: 'Ada' });

describe('registering', () => {
  test('takes the email address in small letters', () =>
    given(registerUser)
      .when(register('ada', ' Ada@Example.com '))
      .then(registered('ada', 'ada@example.com')));
  test('works without an email address, for any number of users', () =>
    given(registerUser, registered('grace', null)).when(register('ada', null)).then(registered('ada', null)));
  test('an id that is taken is rejected', () =>
    given(registerUser, registered('ada', null))
      .when(register('ada', 'a@b.org'))
      .thenRejected('USER_EXISTS'));
  test('an email address that another user has is rejected, whatever the letter case', () =>
    given(registerUser, registered('grace', 'a@b.org'))
      .when(register('ada', 'A@B.org'))
      .thenRejected('EMAIL_TAKEN'));
  test('an email address that its user gave up is free', () =>
    given(
      registerUser,
      registered('grace', 'a@b.org'),
      EmailChanged({ userId: 'grace', email: 'g@b.org', previous: 'a@b.org' }),
    )
      .when(register('ada', 'a@b.org'))
      .then(registered('ada', 'a@b.org')));
  test('what is no email address is refused', () =>
    expect(() => given(registerUser).when(register('ada', 'ada'))).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT' }),
    ));
});

describe('changing the email address', () => {
  const change = changeEmail({ userId: 'ada', email: 'new@b.org' });
  test('says which one it was', () =>
    given(changeEmail, registered('ada', 'a@b.org'))
      .when(change)
      .then(EmailChanged({ userId: 'ada', email: 'new@b.org', previous: 'a@b.org' })));
  test('to the one that is there does nothing', () =>
    given(changeEmail, registered('ada', 'new@b.org')).when(change).then());
  test("to another user's is rejected", () =>
    given(changeEmail, registered('ada', null), registered('grace', 'new@b.org'))
      .when(change)
      .thenRejected('EMAIL_TAKEN'));
  test('of nobody is rejected', () => given(changeEmail).when(change).thenRejected('UNKNOWN_USER'));
});

describe('forgetting', () => {
  const forgotten = UserForgotten({ userId: 'ada' });
  const forget = User.commands.forget('ada', { userId: 'ada' });
  test('happens once', () => {
    given(User, registered('ada', 'a@b.org')).when(forget).then(forgotten);
    given(User, registered('ada', 'a@b.org'), forgotten).when(forget).then();
  });
  test('of nobody is rejected', () => given(User).when(forget).thenRejected('UNKNOWN_USER'));
  test('frees the email address, and nothing else can be said of the user', () => {
    given(registerUser, registered('ada', 'a@b.org'), forgotten)
      .when(register('grace', 'a@b.org'))
      .then(registered('grace', 'a@b.org'));
    given(registerUser, registered('ada', 'a@b.org'), forgotten)
      .when(register('ada', 'a@b.org'))
      .thenRejected('USER_EXISTS');
    given(changeEmail, registered('ada', 'a@b.org'), forgotten)
      .when(changeEmail({ userId: 'ada', email: 'new@b.org' }))
      .thenRejected('USER_FORGOTTEN');
  });
});
