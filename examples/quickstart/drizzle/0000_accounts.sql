CREATE TABLE "accounts" (
	"id" text PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"balance" numeric NOT NULL,
	"position" bigint NOT NULL
);
