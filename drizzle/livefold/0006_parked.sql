CREATE TABLE "livefold"."parked" (
	"consumer" text collate "C" NOT NULL,
	"key" text collate "C" NOT NULL,
	"position" bigint NOT NULL,
	"error" text,
	"failures" integer DEFAULT 0 NOT NULL,
	"parked_at" timestamp (3) with time zone NOT NULL,
	"next_try" timestamp (3) with time zone,
	"asked" text,
	CONSTRAINT "parked_consumer_key_position_pk" PRIMARY KEY("consumer","key","position")
);
--> statement-breakpoint
CREATE TABLE "livefold"."rejections" (
	"command_id" text collate "C" PRIMARY KEY NOT NULL,
	"manager" text collate "C" NOT NULL,
	"key" text collate "C" NOT NULL,
	"reason" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "livefold"."skipped" (
	"consumer" text collate "C" NOT NULL,
	"key" text collate "C" NOT NULL,
	"position" bigint NOT NULL,
	"error" text NOT NULL,
	"skipped_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "skipped_consumer_key_position_pk" PRIMARY KEY("consumer","key","position")
);
--> statement-breakpoint
ALTER TABLE "livefold"."tracking" ADD COLUMN "definition" text;--> statement-breakpoint
ALTER TABLE "livefold"."tracking" ADD COLUMN "fault" text;