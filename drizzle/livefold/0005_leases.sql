CREATE TABLE "livefold"."members" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"consumers" jsonb NOT NULL,
	"states" jsonb NOT NULL,
	"lease_end" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "livefold"."tracking" ADD COLUMN "shards" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "livefold"."tracking" ADD COLUMN "owner" uuid;--> statement-breakpoint
ALTER TABLE "livefold"."tracking" ADD COLUMN "token" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "livefold"."tracking" ADD COLUMN "beyond" bigint;